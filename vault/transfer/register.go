package transfer

import "slices"

// textSources is the shapes that can be told from what a text holds: names of JSON members, of preferences, of columns. Those that
// only one app writes come before those that several do.
func textSources() []source {
	return slices.Concat([]source{
		battlenet, authyPrefs, totpAuthenticatorPrefs, freeotpPrefs,
		aegis, twofas, stratum, bitwarden, enteSealed, proton, protonSealed, protonPass, authyJSON, steam, onePassword, lastpass,
		freeotpPlus, duo, raivo, andotp,
		extension, anyJSON,
		page,
		googleLinks, enteLinks, winauthText, plainLinks,
		bitwardenTable, authyTable,
	}, tableSources(), []source{
		totpAuthenticator,
	})
}
