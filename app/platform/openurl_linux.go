package platform

import (
	"os/exec"
	"syscall"
)

// startBrowser hands page to xdg-open. It gets a session of its own, so that closing
// the terminal which started us does not close the browser.
func startBrowser(page string, failed chan<- error) error {
	cmd := exec.Command("xdg-open", page)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { failed <- cmd.Wait() }()
	return nil
}
