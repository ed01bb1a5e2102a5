// Package share keeps one set of accounts on the devices of several people, through storage nobody has to trust.
//
// Purpose: everything of a shared vault that is neither disk nor network. A [Replica] is what one device knows of one shared vault:
// its keys, the membership chain, the keys of every epoch, the merged registers, and what it remembers to notice a storage that
// shows less than before. Five calls carry it:
//
//	got, err := r.Pull(ctx, source, now)   // LIST, then GET of what is new; checks and merges
//	out, err := r.Decide(listing, now)     // what this device has to write: entries, keys, its contribution
//	save(r.Encode())                       // the caller makes it durable, before anything leaves the device
//	err  = out.Push(ctx, store)            // PUT, DELETE
//	r.Pushed(out)                          // so that a storage that forgets it is found out
//
// Killing the program between any two of them loses nothing: what was not saved is on the storage and read again, what was saved
// and not pushed is missing in the next listing and pushed then, under a new number. [Replica.Sync] does the five in order.
//
// The format is described in docs/format.md, the reasons in docs/decisions. Merging ([Content]) and the judgement of the membership
// chain ([Chain]) are pure functions of what was read: no clock, no randomness, no order of arrival.
//
// Who may import it: vault/share/..., app/model, app/cli, tests. It imports vault/otp, vault/recovery, vault/secret and
// vault/share/store, never package vault, which keeps a replica as an opaque text.
//
// Concurrency: a Replica belongs to one goroutine at a time. Functions without a receiver may run at once.
//
// Ownership: a Replica owns its keys and registers; Wipe overwrites them. Accounts it returns are copies, accounts it is given are copied.
// Registers, keys and invites redact themselves in every printed form; errors and findings name devices and objects, never content.
package share
