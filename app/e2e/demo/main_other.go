//go:build !linux

// Command demo is for Linux; see main.go.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "The virtual desktop is for Linux. Start the program itself: make build, then build/tallystick")
	os.Exit(1)
}
