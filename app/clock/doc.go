// Package clock finds out how wrong the system clock is, and makes codes right in spite
// of it.
//
// Purpose: codes follow the time, and portals refuse them when this computer's clock is
// more than about half a minute off. A [Source] compares the clock with something that
// knows the time; [Combine] weighs what several of them say; a [Clock] keeps what was
// found, and, once a person has agreed, a correction that is applied to codes and to
// nothing else. The system clock itself is never touched.
//
// Nothing here contacts anybody by itself: [Measure] asks exactly the sources it is
// given, and is called because a person pressed a button or typed a flag. The addresses
// are ones the person already uses; there is none of ours.
//
// Who may import it: app, app/model, app/cli and main. It imports nothing of ours and no
// toolkit.
//
// Concurrency: everything exported is safe for concurrent use. [Measure], [Clock.Apply],
// [Clock.Keep], [Clock.Forget] and [Clock.Reload] go to the network or the disk and do
// not belong on the goroutine that draws; [Clock.Now] and [Clock.Status] do neither.
//
// Ownership: a Clock owns its file, which several processes may share: it is small,
// replaced as a whole, and holds nothing that says which portals somebody uses.
//
// Signs: an offset is the system clock minus the true time, so that a positive one means
// that the clock is fast. Offsets and errors are durations; an error is half the width
// of the interval that holds the true offset.
package clock
