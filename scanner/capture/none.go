//go:build !(linux || freebsd || openbsd || netbsd || dragonfly || windows || darwin)

package capture

import "context"

func method() string { return methodNone }

func screens(context.Context) ([]Shot, error) { return nil, ErrNoDisplay }
