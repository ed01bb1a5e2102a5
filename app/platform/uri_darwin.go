package platform

import (
	"context"
	"fmt"
)

// RegistersPacks says whether a URIHandler makes code packs open Tallystick, too.
const RegistersPacks = false

// NewURIHandler returns a handler that explains: macOS reads the links a program
// opens from its bundle (CFBundleURLTypes in Info.plist) when the bundle is first
// seen, and hands links over as Apple events. A program outside of a bundle cannot
// register, and one inside has nothing left to do.
func NewURIHandler(executable string) URIHandler { return bundleHandler{} }

type bundleHandler struct{}

var errBundle = fmt.Errorf("%w: macOS reads them from Info.plist of the application bundle", ErrNoURIHandler)

func (bundleHandler) Status(context.Context) (URIStatus, error) { return URIStatus{}, errBundle }
func (bundleHandler) Install(context.Context, bool) error       { return errBundle }
func (bundleHandler) Remove(context.Context) error              { return errBundle }
