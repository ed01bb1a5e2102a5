package platform

import "golang.org/x/sys/windows"

// startBrowser asks the shell. No command line is put together, so there is nothing
// to quote wrongly.
func startBrowser(page string, failed chan<- error) error {
	verb, err := windows.UTF16PtrFromString("open")
	if err != nil {
		return err
	}
	file, err := windows.UTF16PtrFromString(page)
	if err != nil {
		return err
	}
	go func() { failed <- windows.ShellExecute(0, verb, file, nil, nil, windows.SW_SHOWNORMAL) }()
	return nil
}
