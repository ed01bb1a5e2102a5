package backup

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

const cheap = 2 // work factor

var (
	ctx     = context.Background()
	evening = time.Date(2026, 3, 4, 18, 2, 0, 0, time.UTC)
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, want %v", err, target)
	}
}

func pass(text string) secret.Bytes { return secret.FromString(text) }

// stage is a vault with accounts, a folder, and a keeper that was set up.
type stage struct {
	m      *vault.Manager
	k      *Keeper
	folder string
	now    time.Time
}

func newStage(t testing.TB, d disk) *stage {
	t.Helper()
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	s := &stage{m: m, folder: t.TempDir(), now: evening}
	s.k = New(Config{Vault: m, Dir: cfg.Dir, Now: func() time.Time { return s.now }, Work: cheap, disk: d})
	ok(t, s.k.SetUp(ctx, s.folder, pass("backup words")))
	return s
}

func (s *stage) content(t testing.TB) *vault.Vault {
	t.Helper()
	var c *vault.Vault
	ok(t, s.m.Read(func(v *vault.Vault) error { c = v.Clone(); return nil }))
	return c
}

func (s *stage) files(t testing.TB) []string {
	t.Helper()
	list, err := os.ReadDir(s.folder)
	ok(t, err)
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names
}

func TestBackupOpensElsewhere(t *testing.T) {
	s := newStage(t, nil)
	c, err := s.k.Make(ctx)
	ok(t, err)
	if info, err := os.Stat(c.Path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != c.Bytes {
		t.Errorf("%v %v", info, err)
	}
	f, err := ReadFile(c.Path)
	ok(t, err)
	if f.Export || !f.Made.Equal(evening) || f.Accounts != 6 || f.Memory() != 128*8<<cheap {
		t.Errorf("%+v", f)
	}
	o, err := f.Open(pass("backup words"))
	ok(t, err)
	if !o.Vault.Equal(s.content(t)) || !o.Saved.Equal(evening) {
		t.Error("the backup holds something else than the vault")
	}
	_, err = f.Open(pass("backup word"))
	want(t, err, ErrPassphrase)

	list, err := s.k.List()
	ok(t, err)
	if len(list) != 1 || list[0] != c {
		t.Errorf("%+v, made %+v", list, c)
	}
	st, err := s.k.Status()
	ok(t, err)
	if !st.Set || !st.FolderThere || st.Last == nil || !st.Last.Made.Equal(evening) || st.Last.Accounts != 6 || st.Failed != nil {
		t.Errorf("%+v", st)
	}
	// A second one within the same second gets a name of its own.
	c2, err := s.k.Make(ctx)
	ok(t, err)
	if c2.Path == c.Path || !strings.HasSuffix(c2.Path, "-2.zip") {
		t.Errorf("%s", c2.Path)
	}
}

// Every byte of a backup, changed: with the right passphrase it is damaged, or it opens as it
// was; it is never called a wrong passphrase, and never opens as something else.
func TestEveryChangedByteIsDamage(t *testing.T) {
	s := newStage(t, nil)
	c, err := s.k.Make(ctx)
	ok(t, err)
	data, err := os.ReadFile(c.Path)
	ok(t, err)
	whole := s.content(t)
	damaged := 0
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 0x20
		f, err := Parse(filepath.Base(c.Path), changed)
		var o *Opened
		if err == nil {
			o, err = f.Open(pass("backup words"))
		}
		switch {
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrNewer):
			damaged++
		case err != nil:
			t.Fatalf("byte %d: %v", i, err)
		case !o.Vault.Equal(whole):
			t.Fatalf("byte %d: opens as something else", i)
		}
	}
	if damaged < len(data)/2 {
		t.Errorf("only %d of %d bytes matter", damaged, len(data))
	}
	for n := range len(data) {
		if _, err := Parse(filepath.Base(c.Path), data[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
}

func TestThreeDifferentAnswers(t *testing.T) {
	s := newStage(t, nil)
	c, err := s.k.Make(ctx)
	ok(t, err)
	data, err := os.ReadFile(c.Path)
	ok(t, err)
	later := repack(t, data, func(name string, content []byte) []byte {
		if name == aboutMember {
			return bytes.Replace(content, []byte(`"format": 1`), []byte(`"format": 2`), 1)
		}
		return content
	})
	_, err = Parse("x.zip", later)
	want(t, err, ErrNewer)

	// A newer payload in an envelope of today.
	key, err := seal.GenerateKey()
	ok(t, err)
	wrapped, err := seal.EncryptPassphrase(key.Secret().Reveal(), pass("p"), cheap)
	ok(t, err)
	inner, err := seal.Encrypt([]byte(`{"format":2,"revision":[`), key)
	ok(t, err)
	file, err := build(about{Format: 1, Made: evening}, wrapped, inner)
	ok(t, err)
	f, err := Parse("x.zip", file)
	ok(t, err)
	_, err = f.Open(pass("p"))
	want(t, err, ErrNewer)
	_, err = f.Open(pass("q"))
	want(t, err, ErrPassphrase)
	export, err := seal.EncryptPassphrase([]byte(`{"format":2}`), pass("p"), cheap)
	ok(t, err)
	f, err = Parse("", export)
	ok(t, err)
	if !f.Export {
		t.Error("not known as an export")
	}
	_, err = f.Open(pass("p"))
	want(t, err, ErrNewer)

	other, err := seal.EncryptPassphrase([]byte("somebody's letter"), pass("p"), cheap)
	ok(t, err)
	f, err = Parse("", other)
	ok(t, err)
	_, err = f.Open(pass("p"))
	want(t, err, ErrNotBackup)
	var plain bytes.Buffer
	z := zip.NewWriter(&plain)
	_, err = z.Create("holiday.jpg")
	ok(t, err)
	ok(t, z.Close())
	for name, data := range map[string][]byte{"text": []byte("hello"), "zip": plain.Bytes(), "large": make([]byte, MaxFile+1), "png": []byte("\x89PNG\r\n")} {
		if _, err := Parse("some.file", data); !errors.Is(err, ErrNotBackup) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// repack changes members of a ZIP file and writes right checksums.
func repack(t testing.TB, data []byte, change func(name string, content []byte) []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	ok(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range z.File {
		content, err := readMember(m, len(data))
		ok(t, err)
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.Name, Method: zip.Store})
		ok(t, err)
		_, err = f.Write(change(m.Name, content))
		ok(t, err)
	}
	ok(t, w.Close())
	return out.Bytes()
}

func TestZipBombIsRefused(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range []string{aboutMember, keyMember, accountsMember} {
		f, err := w.Create(name) // deflated
		ok(t, err)
		_, err = f.Write(make([]byte, 50<<20))
		ok(t, err)
	}
	ok(t, w.Close())
	_, err := Parse("x.zip", out.Bytes())
	want(t, err, ErrDamaged)
}

// faultyDisk makes one step fail.
type faultyDisk struct {
	disk
	steps int
	at    func(step int, op string) error
	lie   func(path string, data []byte) []byte
}

func (d *faultyDisk) step(op string) error {
	d.steps++
	if d.at == nil {
		return nil
	}
	return d.at(d.steps, op)
}

func (d *faultyDisk) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := d.step("readdir"); err != nil {
		return nil, err
	}
	return d.disk.ReadDir(dir)
}

func (d *faultyDisk) ReadFile(path string, limit int64) ([]byte, error) {
	if err := d.step("read"); err != nil {
		return nil, err
	}
	data, err := d.disk.ReadFile(path, limit)
	if err == nil && d.lie != nil {
		data = d.lie(path, data)
	}
	return data, err
}

func (d *faultyDisk) CreateTemp(dir string) (tempFile, error) {
	if err := d.step("create"); err != nil {
		return nil, err
	}
	f, err := d.disk.CreateTemp(dir)
	return &faultyFile{f, d}, err
}

func (d *faultyDisk) Rename(from, to string) error {
	if err := d.step("rename"); err != nil {
		return err
	}
	return d.disk.Rename(from, to)
}

func (d *faultyDisk) SyncDir(dir string) error {
	if err := d.step("syncdir"); err != nil {
		return err
	}
	return d.disk.SyncDir(dir)
}

type faultyFile struct {
	tempFile
	d *faultyDisk
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.d.step("write"); err != nil {
		n, _ := f.tempFile.Write(b[:len(b)/2]) // a full disk takes a part
		return n, err
	}
	return f.tempFile.Write(b)
}

func (f *faultyFile) Sync() error {
	if err := f.d.step("sync"); err != nil {
		return err
	}
	return f.tempFile.Sync()
}

func (f *faultyFile) Close() error {
	err := f.tempFile.Close()
	if fault := f.d.step("close"); fault != nil {
		return fault
	}
	return err
}

// Every step of a backup fails, alone and with all steps after it. Whenever Make says that
// there is no new backup, the older one is there and opens; whenever it says there is one, that opens too;
// and nothing that does not open ever has a name that counts.
func TestEveryStepOfABackupFails(t *testing.T) {
	for _, onward := range []bool{false, true} {
		t.Run(fmt.Sprint("onward ", onward), func(t *testing.T) {
			d := &faultyDisk{disk: osDisk{}}
			s := newStage(t, d)
			first, err := s.k.Make(ctx)
			ok(t, err)
			failures := 0
			for n := 1; ; n++ {
				s.now = s.now.Add(time.Second)
				what := ""
				d.steps, d.at = 0, func(step int, op string) error {
					if step == n || onward && step > n {
						if what == "" {
							what = fmt.Sprint(op, " ", step)
						}
						return &fs.PathError{Op: op, Path: "x", Err: syscall.ENOSPC}
					}
					return nil
				}
				c, err := s.k.Make(ctx)
				d.at = nil
				if what == "" {
					ok(t, err)
					break
				}
				if err != nil {
					failures++
					if !errors.Is(err, ErrFailed) && !errors.Is(err, ErrSettings) {
						t.Errorf("%s: %v", what, err)
					}
				} else if o, err := openPath(c.Path); err != nil || !o.Vault.Equal(s.content(t)) {
					t.Errorf("%s: it was called good: %v", what, err)
				}
				if _, err := openPath(first.Path); err != nil {
					t.Errorf("%s: the older one: %v", what, err)
				}
				for _, name := range s.files(t) {
					if _, err := openPath(filepath.Join(s.folder, name)); err != nil {
						t.Errorf("%s: left behind %s: %v", what, name, err)
					}
				}
				// Start again with the older one alone.
				for _, name := range s.files(t) {
					if name != filepath.Base(first.Path) {
						ok(t, os.Remove(filepath.Join(s.folder, name)))
					}
				}
			}
			if failures < 8 {
				t.Errorf("only %d steps could fail: the test does not see them", failures)
			}
			if st, err := s.k.Status(); err != nil || st.Failed != nil {
				t.Errorf("after one that was made: %v %v", st.Failed, err)
			}
		})
	}
}

func openPath(path string) (*Opened, error) {
	f, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return f.Open(pass("backup words"))
}

// A disk that says yes and stores something else: the backup is an error the moment it is
// written, it is not left there, and the older one stays and is what Status tells of.
func TestBackupThatDoesNotComeBack(t *testing.T) {
	for name, lie := range map[string]func([]byte) []byte{
		"cut":     func(b []byte) []byte { return b[:len(b)-1] },
		"empty":   func([]byte) []byte { return nil },
		"zeros":   func(b []byte) []byte { return make([]byte, len(b)) },
		"one bit": func(b []byte) []byte { c := bytes.Clone(b); c[len(c)/2] ^= 1; return c },
		"another vault's": func(b []byte) []byte {
			other := newStage(t, nil)
			c, err := other.k.Make(ctx)
			ok(t, err)
			data, err := os.ReadFile(c.Path)
			ok(t, err)
			return data
		},
	} {
		for _, late := range []bool{false, true} { // noticed before, or only after it has its name
			t.Run(fmt.Sprint(name, " late ", late), func(t *testing.T) {
				d := &faultyDisk{disk: osDisk{}}
				s := newStage(t, d)
				first, err := s.k.Make(ctx)
				ok(t, err)
				s.now = s.now.Add(24 * time.Hour)
				d.lie = func(path string, data []byte) []byte {
					if filepath.Dir(path) != s.folder || late != strings.HasSuffix(path, nameSuffix) {
						return data
					}
					return lie(data)
				}
				_, err = s.k.Make(ctx)
				want(t, err, ErrReadBack)
				want(t, err, ErrFailed)
				d.lie = nil
				if files := s.files(t); !slices.Equal(files, []string{filepath.Base(first.Path)}) {
					t.Errorf("in the folder: %v", files)
				}
				st, err := s.k.Status()
				ok(t, err)
				if st.Last == nil || !st.Last.Made.Equal(evening) || !errors.Is(st.Failed, ErrReadBack) || !st.FailedAt.Equal(s.now) {
					t.Errorf("%+v", st)
				}
				if st.Due(s.now.Add(time.Minute)) || !st.Due(s.now.Add(2*time.Hour)) {
					t.Error("it is tried again at once, or never")
				}
				_, err = s.k.Make(ctx)
				ok(t, err)
			})
		}
	}
}

func TestFolderThatIsGone(t *testing.T) {
	s := newStage(t, nil)
	_, err := s.k.Make(ctx)
	ok(t, err)
	ok(t, os.Rename(s.folder, s.folder+".away"))
	_, err = s.k.Make(ctx)
	want(t, err, ErrFolder)
	want(t, err, ErrFailed)
	if _, err := os.Stat(s.folder); err == nil {
		t.Error("the folder was made: backups would land where nobody looks")
	}
	st, err := s.k.Status()
	ok(t, err)
	if st.FolderThere || !errors.Is(st.Failed, ErrFolder) {
		t.Errorf("%+v", st)
	}
	ok(t, os.Rename(s.folder+".away", s.folder))
	_, err = s.k.Make(ctx)
	ok(t, err)
	want(t, s.k.SetUp(ctx, filepath.Join(s.folder, "nowhere"), pass("p")), ErrFolder)
	want(t, s.k.Move(filepath.Join(s.folder, "nowhere")), ErrFolder)
	want(t, s.k.SetUp(ctx, s.folder, pass("")), ErrPassphrase)
}

func TestLockedAndNotSet(t *testing.T) {
	m, cfg := vaulttest.Create(t, "p", vaulttest.Canonical()...)
	k := New(Config{Vault: m, Dir: cfg.Dir, Work: cheap})
	_, err := k.Make(ctx)
	want(t, err, ErrNotSet)
	ok(t, k.BeforeMigration(ctx, vault.New()))
	if st, err := k.Status(); err != nil || st.Set || st.Due(evening) {
		t.Errorf("%+v %v", st, err)
	}
	ok(t, k.SetUp(ctx, t.TempDir(), pass("x")))
	ok(t, m.Lock())
	_, err = k.Make(ctx)
	want(t, err, vault.ErrLocked)
	_, err = k.Check(ctx)
	want(t, err, vault.ErrLocked)
	if st, err := k.Status(); err != nil || st.Failed != nil {
		t.Errorf("locked is no failure: %v %v", st.Failed, err)
	}
	ok(t, k.Off())
	ok(t, k.Off())
	_, err = k.Make(ctx)
	want(t, err, vault.ErrLocked)
}

// A new passphrase comes with a new key: who had an old backup and its passphrase cannot open
// what is made later. Old backups open with the old one.
func TestNewPassphraseNewKey(t *testing.T) {
	s := newStage(t, nil)
	old, err := s.k.Make(ctx)
	ok(t, err)
	ok(t, s.k.SetUp(ctx, s.folder, pass("other words")))
	if st, err := s.k.Status(); err != nil || st.Last == nil {
		t.Errorf("the last backup is forgotten: %+v %v", st, err)
	}
	fresh, err := s.k.Make(ctx)
	ok(t, err)
	f, err := ReadFile(fresh.Path)
	ok(t, err)
	_, err = f.Open(pass("backup words"))
	want(t, err, ErrPassphrase)
	_, err = f.Open(pass("other words"))
	ok(t, err)
	g, err := ReadFile(old.Path)
	ok(t, err)
	if g.about.Key == f.about.Key {
		t.Error("the key stayed the same")
	}
	_, err = g.Open(pass("backup words"))
	ok(t, err)
}

func TestDamagedSettings(t *testing.T) {
	s := newStage(t, nil)
	text, err := os.ReadFile(s.k.settingsPath())
	ok(t, err)
	if bytes.Contains(text, []byte("AGE-SECRET-KEY")) {
		t.Fatal("the settings hold the key in the open")
	}
	refused := 0
	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 1
		ok(t, os.WriteFile(s.k.settingsPath(), changed, 0o600))
		c, err := s.k.Make(ctx)
		if err == nil { // then it has to be good; the folder's name or a time may have changed
			o, err := openPath(c.Path)
			if err != nil || !o.Vault.Equal(s.content(t)) {
				t.Fatalf("byte %d: a backup that its passphrase does not open: %v", i, err)
			}
			ok(t, os.Remove(c.Path))
			continue
		}
		refused++
		if !errors.Is(err, ErrSettings) && !errors.Is(err, ErrFolder) && !errors.Is(err, ErrNewer) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if refused < len(text)/2 {
		t.Errorf("%d of %d", refused, len(text))
	}
	other := newStage(t, nil)
	theirs, err := os.ReadFile(other.k.settingsPath())
	ok(t, err)
	ok(t, os.WriteFile(s.k.settingsPath(), theirs, 0o600))
	_, err = s.k.Make(ctx)
	want(t, err, ErrSettings)
}

// Nothing of what backups and settings hold in the open is a key or a name.
func TestNothingInTheOpen(t *testing.T) {
	s := newStage(t, nil)
	c, err := s.k.Make(ctx)
	ok(t, err)
	for _, path := range []string{c.Path, s.k.settingsPath()} {
		data, err := os.ReadFile(path)
		ok(t, err)
		for _, a := range vaulttest.Canonical() {
			for _, text := range []string{a.Name, string(a.Params.Secret.Reveal()), a.Note} {
				if text != "" && bytes.Contains(data, []byte(text)) {
					t.Errorf("%s holds %q", filepath.Base(path), text)
				}
			}
		}
		if bytes.Contains(data, []byte("backup words")) {
			t.Errorf("%s holds the passphrase", filepath.Base(path))
		}
	}
}

func TestPruningTakesOnlyItsOwn(t *testing.T) {
	s := newStage(t, nil)
	name, err := s.m.Fingerprint()
	ok(t, err)
	keep := []string{"holiday.jpg", "tallystick-backup-00000000-20200101T000000Z.zip", namePrefix + name[:8] + "-20200101T000000Z.txt"}
	for _, n := range keep {
		ok(t, os.WriteFile(filepath.Join(s.folder, n), []byte("x"), 0o600))
	}
	ok(t, os.Mkdir(filepath.Join(s.folder, copyName(name[:8], evening.AddDate(-9, 0, 0), 1)), 0o700))
	for range 60 {
		_, err := s.k.Make(ctx)
		ok(t, err)
		s.now = s.now.Add(24 * time.Hour)
	}
	ours := 0
	files := s.files(t)
	for _, f := range files {
		if c, ok := parseName(f); ok && c.Vault == name[:8] {
			ours++
		}
	}
	// 60 days up to 2 May: 7 days, of which the weeks before add 3 or 4 and the months 2; and the directory.
	if ours < 10 || ours > 14 {
		t.Errorf("%d backups are kept", ours)
	}
	for _, n := range keep {
		if !slices.Contains(files, n) {
			t.Errorf("%s is gone", n)
		}
	}
}

func TestSweepLeavesWhatIsBeingWritten(t *testing.T) {
	s := newStage(t, nil)
	old, fresh := filepath.Join(s.folder, tempPrefix+"1"+tempSuffix), filepath.Join(s.folder, tempPrefix+"2"+tempSuffix)
	for _, p := range []string{old, fresh} {
		ok(t, os.WriteFile(p, []byte("half"), 0o600))
	}
	ok(t, os.Chtimes(old, s.now.Add(-48*time.Hour), s.now.Add(-48*time.Hour)))
	ok(t, os.Chtimes(fresh, s.now, s.now))
	_, err := s.k.Make(ctx)
	ok(t, err)
	files := s.files(t)
	if slices.Contains(files, filepath.Base(old)) || !slices.Contains(files, filepath.Base(fresh)) {
		t.Errorf("%v", files)
	}
}
