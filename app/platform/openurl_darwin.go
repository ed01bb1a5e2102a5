package platform

import "os/exec"

func startBrowser(page string, failed chan<- error) error {
	cmd := exec.Command("/usr/bin/open", page)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { failed <- cmd.Wait() }()
	return nil
}
