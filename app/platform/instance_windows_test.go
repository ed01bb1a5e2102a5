package platform_test

import "os"

func sendBare(string) string { return os.ErrInvalid.Error() }

func listenBare(string) string { return os.ErrInvalid.Error() }

func hardenedChild([]string) int { return 2 }
