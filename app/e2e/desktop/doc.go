// Package desktop is a whole Linux desktop on a machine without a screen: an X server that draws into memory, a window
// manager, a session bus with a keyring, a browser, a terminal, and hands to type and click with. The end-to-end tests
// and `make run` without a display live on it. Nothing in it is a fake: they are the programs people have, taken from
// the system's packages (.ci/install brings them).
//
// Imported by: app/e2e and app/e2e/demo, nothing else. It imports nothing of ours, so that what it tests is only
// reachable the way a person reaches it.
//
// Concurrency: a Desktop and its Processes are safe for concurrent use, but there is one keyboard and one mouse: type
// and click from one goroutine at a time.
//
// Ownership: Start owns every program and directory it makes and Close ends and removes them, also when the calling
// process is killed (see reaper). Logs and pictures go to Options.Artefacts and stay.
//
// Waiting: nothing here sleeps for a guessed time. Wait polls a condition until the context ends, and says what it
// waited for and what it saw last.
package desktop
