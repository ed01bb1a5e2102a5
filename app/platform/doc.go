// Package platform is everything Tallystick asks of the operating system that the
// window toolkit does not give: a clipboard that marks passwords as passwords, one
// window per data directory, the news that the session was locked, links handed over
// by the browser, whether there is a tray, where data lies, opening a web page, and
// keeping secrets out of core files.
//
// Each concern is one small interface or function with one file per system behind
// it. Where a system cannot do a thing the answer is a sentinel error that says what
// is missing, never a silent success.
//
// Who may import it: packages app, app/model and app/cli. It imports no toolkit and of
// ours only vault/secret. Fakes of its interfaces are in app/apptest.
//
// Concurrency: everything exported is safe for concurrent use. Calls that talk to
// another process (X server, bus, clipboard tool) may take as long as that process:
// they take a context, add a deadline of their own, and do not belong on the
// goroutine that draws.
//
// Ownership: a value returned by New… holds at most one connection, opened on first
// use, and lives as long as the process. What has to be given back is said where it
// is handed out.
package platform
