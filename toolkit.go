package main

import (
	"errors"
	"os"
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
)

// appID is what desktops know the program by: the name of its entry among their programs, see FyneApp.toml.
const appID = "io.github.tallystick.Tallystick"

// errNoDesktop says that no window can be shown; noDesktop says it to a person.
var errNoDesktop = errors.New("no desktop")

const noDesktop = "There is no desktop here that a window could be shown on. The commands work without one: `tallystick help` lists them."

// named is an app whose windows carry the program's name on Wayland, where desktops find the icon by it. Given to the toolkit
// itself, the name would make it keep preferences of its own: everything that is stored lies in one directory.
type named struct{ fyne.App }

func (named) UniqueID() string { return appID }

// newApp starts the toolkit. It panics with errNoDesktop where there is none.
func newApp() fyne.App {
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		panic(errNoDesktop)
	}
	a := fyneapp.NewWithID("")
	fyne.SetCurrentApp(named{a})
	return a
}

// onDesktop runs the window, and gives errNoDesktop where the toolkit cannot reach a desktop: it panics then.
func onDesktop(run func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case error:
			if !errors.Is(p, errNoDesktop) && !strings.HasPrefix(p.Error(), "NotInitialized:") { // as GLFW says it
				panic(p)
			}
			err = errNoDesktop
		default:
			panic(p)
		}
	}()
	return run()
}
