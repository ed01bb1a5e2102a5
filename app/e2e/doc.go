// Package e2e holds the tests that use Tallystick the way a person does: the real program, started as a process, on a
// real desktop (package desktop), next to a browser that shows a real page (package portal), with other people's
// programs as judges. Nothing is mocked and nothing of ours is imported.
//
// They need the build tag e2e and the programs that `.ci/install build run test` brings; `make e2e` does both. The
// programs under test come from the environment:
//
//	TALLYSTICK_BIN          the windowed program; built into a temporary directory when not set
//	TALLYSTICK_BIN_THREADS  the same, built with Fyne's thread checks (without migrated_fynedo)
//	E2E_ARTEFACTS           where logs and pictures go, a directory per test; a temporary one when not set
//
// Concurrency: tests run one after the other, each on a desktop of its own. Ownership: a test's desktop ends with it.
package e2e
