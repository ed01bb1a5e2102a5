package transfer

import "slices"

// binarySources is the shapes that a magic number at the beginning tells.
func binarySources() []source {
	return slices.Concat([]source{tallystick, keepass, keepassXML, freeotp2, stratumSealed, otpclient}, databaseSources, []source{databaseLog, zipFile()})
}

// guessedSources is the shapes that have no mark: whether an input is one of them shows when it is tried.
func guessedSources() []source {
	return []source{otpauthIOS, guessed}
}
