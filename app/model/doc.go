// Package model is the window without the pixels: what every screen shows, and
// what happens when a person does something on it.
//
// Purpose: all behaviour that can be tested without drawing: unlocking and
// locking, the list with its search and its codes, adding an account, editing,
// the trash, settings, and the words a person reads when something is wrong.
//
// Who may import it: app, app/view and app/cli (which uses [Sentence] and the check-up only). It
// imports vault, scanner and the interfaces of app/platform, never Fyne.
//
// Concurrency: all models belong to one goroutine, the one that [Deps].Post runs
// functions on; every method is called there, and every listener is called there.
// Slow work (disk, keyring, passphrases, pictures) runs on a goroutine of its own
// with a context, touches no field of a model, and ends in exactly one Post. Work
// on the vault is done one piece after the other, in the order in which it was
// asked for. A generation number drops what arrives after the vault was locked or
// the flow was left: a scan that was cancelled, a save that a lock overtook.
//
// Ownership: a [Session] owns the other models. Passphrases handed to it are taken
// over and wiped. Account data lives in one snapshot, a copy of the vault's
// content; locking wipes it, the form, the drafts and their cut-out pictures.
// There is no global state, and no clock or randomness but those in Deps.
package model
