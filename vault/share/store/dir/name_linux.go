package dir

import (
	"os"
	"path"

	"golang.org/x/sys/unix"
)

var exclusive = []naming{link, renameNew}

func renameNew(root *os.Root, temp, final string) error {
	folder, err := root.Open(path.Dir(final))
	if err != nil {
		return err
	}
	defer folder.Close()
	fd := int(folder.Fd())
	return known(unix.Renameat2(fd, path.Base(temp), fd, path.Base(final), unix.RENAME_NOREPLACE))
}
