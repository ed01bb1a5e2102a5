package view

import (
	"os"
	"testing"
	"time"
)

// TestMain puts every test in one time zone, because pictures show times.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}
