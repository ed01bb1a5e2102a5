//go:build !linux

package vault_test

import "errors"

func mountTmpfs(string, string) error { return errors.New("only on Linux") }
func remount(string, bool) error      { return errors.New("only on Linux") }
func unmount(string)                  {}
