//go:build !unix

package backup

func notForDirs(error) bool { return false }
