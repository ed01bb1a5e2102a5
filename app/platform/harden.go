package platform

// Harden keeps what this process has in memory out of core files and crash reports.
// Call it first thing in main, before any secret is read. It is safe in every
// program; an error says what could not be done, and is no reason not to run.
//
//   - Linux: RLIMIT_CORE becomes one byte. Zero is ignored when the kernel pipes the
//     core to a crash reporter; one is the value that stops both kinds (core(5),
//     fs/coredump.c). The core filter is emptied as well, so that a core which is
//     written in spite of it has no memory in it.
//   - macOS: RLIMIT_CORE becomes zero.
//   - Windows: error reporting, which writes memory dumps, is switched off for the
//     process.
//
// Programs started from this one inherit the limit.
//
// What it cannot do: the system's swap and hibernation files, an administrator, and
// on Linux a debugger of the same person (see [DenyInspection]).
func Harden() error { return harden() }

// DenyInspection additionally keeps other programs of the same person from reading
// this process's memory and from attaching a debugger. It is for the command line.
//
// The window must not call it on Linux: PR_SET_DUMPABLE 0 closes /proc/PID/root to
// xdg-desktop-portal, which then refuses every request, as password managers have
// found out. The screen on Wayland, the system's dark mode and its file dialog all
// come through the portal.
//
//   - Linux: PR_SET_DUMPABLE 0. /proc/PID then belongs to root. The process itself
//     can still read what its runtime and a benchmark need (fd, maps, status,
//     smaps_rollup, exe), and so can root; environ and mem are closed to it too.
//   - macOS: PT_DENY_ATTACH.
//   - Windows: nothing. A process of the same person is allowed to read it.
func DenyInspection() error { return denyInspection() }
