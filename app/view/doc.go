// Package view draws the screens: one file per screen, each a thin skin over a model of app/model.
//
// Purpose: turn what a model says into widgets, and what a person does into calls on the model. No decision that could be wrong is
// taken here; such decisions are in app/model, where they are tested without pixels.
//
// Who may import it: package app.
//
// Concurrency: everything belongs to the window's goroutine. Nothing here starts a goroutine.
//
// Ownership: a Root owns the window's content, its shortcuts and its focus. Models are the session's and are only read and called.
package view
