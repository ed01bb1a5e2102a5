package recovery

import (
	"regexp"
	"strings"
	"unicode"
)

// The words by which portals call their keys. A label is one of them, or two in a
// language that writes them apart.
const (
	keyAdjective = `recovery|recover|backup|back-up|back up|scratch|emergency|fall-?back|rescue|one[- ]time backup|single[- ]use|restore|reset|bypass|recuperation`
	keyNoun      = `(?:codes?|keys?|tokens?|phrases?|passwords?|pass-?codes?|passphrases?|words|kit|seeds?)`
)

var (
	label = regexp.MustCompile(`(?i)` +
		`\b(?:` + keyAdjective + `)(?:[ -](?:(?:verification|login|log-in|sign-in|authentication|authenticator|security|access|account|single[- ]use|one[- ]time|2fa|mfa|otp|secret|master)[ -]){0,2}|[ -]?)` + keyNoun + `\b` +
		`|\b(?:seed|mnemonic|secret|recovery|backup)[ -](?:phrase|words)\b` +
		`|\bone[- ]time (?:use )?(?:recovery|backup) ` +
		`|\bsingle[- ]use (?:codes|passcodes|passwords)\b` +
		`|\b(?:2fa|mfa|two[- ]factor|two[- ]step)(?: authentication| verification)? (?:recovery|backup|reset)\b` +
		`|wiederherstellungs-?(?:codes?|schlüssel|phrase)|backup-codes?|sicherheitskopie-codes?|ersatzcodes?|notfall-?(?:codes?|schlüssel)` +
		`|(?:codes?|clés?|cles?) de (?:secours|récupération|recuperation|sauvegarde)` +
		`|(?:códigos?|codigos?|claves?|chaves?) (?:de )?(?:respaldo|recuperación|recuperacion|recuperação|reserva|backup|seguridad de un solo uso)` +
		`|codici? di (?:backup|recupero|riserva|emergenza)` +
		`|(?:herstel|back-?up)(?:codes?|sleutels?)` +
		`|(?:kode|kunci) (?:pemulihan|cadangan)|kody? (?:zapasow\w+|odzyskiwania)|резервн\S+ код\S*|код\S* восстановления` +
		`|リカバリー ?(?:コード|キー)|バックアップ ?コード|备用(?:验证)?码|恢复(?:代码|密钥|码)|복구 ?(?:코드|키)`)
	// What a list of numbers may be that is no list of keys.
	otherLabel = regexp.MustCompile(`(?i)\b(?:orders?|order numbers?|invoices?|rechnung\w*|tracking|shipments?|tickets?|cases?|serials?(?: numbers?)?|part numbers?|sku|skus|products?|articles?|customers?|customer ids?|phones?|telephones?|mobiles?|fax|extensions?|amounts?|prices?|totals?|qty|quantity|iban|account numbers?|bookings?|reservations?|vouchers?|coupons?|promo|discount|gift cards?|licen[cs]e(?: keys?)?|product keys?|activation keys?|api keys?|access tokens?|commits?|hash(?:es)?|checksums?|fingerprints?|ids|identifiers|members?|employees?|matricul\w+|zip|postal|postcodes?|meters?|samples?|readings?|timestamps?|verification code|login code|security code|confirmation code|one-time code|sign-in code|pull requests?|issues?|transactions?|references?|passports?|isbn|ean|barcodes?|winning|lottery|scores?|colou?rs?|meeting|conference|dial|pins?|parcels?|flights?|seats?|batch(?:es)?|lots?|containers?|devices?|imei|macs?)\b`)
	// The key of the authenticator itself, which stands on many sheets.
	setupLabel  = regexp.MustCompile(`(?i)\b(?:secret(?: key)?|set-?up (?:key|code)|manual(?: entry)?(?: key| code| setup)?|authenticator(?: app)? (?:key|secret)|totp(?: secret| key| seed)?|otp secret|2fa (?:secret|key)|two-factor (?:secret|key)|mfa secret|shared secret|shared key|private key|api key|password)\b`)
	exampleWord = regexp.MustCompile(`(?i)\b(?:e\.g\.|eg|example|examples|sample|such as|look(?:s)? like|format|placeholder|for instance|z\.b\.|beispiel|dummy|fake|expired|old|revoked|no longer)\b`)
	wrongLabel  = regexp.MustCompile(`(?i)\b(?:verification|confirmation|security|login|sign-in|one-time|activation|promo|discount)[ -](?:code|pin)\b`)
	usedWord    = regexp.MustCompile(`(?i)^(?:used|spent|redeemed|consumed|burned|burnt|revoked|invalid|expired|verwendet|benutzt|verbraucht|eingelöst|utilisé|utilisée|utilise|usado|usada|usato|gebruikt|terpakai|digunakan|использован|已使用|使用済み)$`)
	unusedWord  = regexp.MustCompile(`(?i)^(?:unused|available|active|valid|free|open|new|unbenutzt|unverwendet|frei|disponible|inutilisé|libre|left|remaining)$`)
	yesWord     = regexp.MustCompile(`(?i)^(?:yes|true|ja|oui|sí|si|y|x|✓|✔|☑|✅|done|used|spent|redeemed|consumed|1)$`)
)

// fillers may stand on the line of a key without making it prose.
var fillers = map[string]bool{
	"code": true, "codes": true, "key": true, "keys": true, "backup": true, "recovery": true, "recover": true, "no": true, "nr": true, "token": true,
	"on": true, "at": true, "am": true, "pm": true, "the": true, "and": true, "not": true, "yet": true, "still": true, "never": true, "status": true, "yes": true,
	"false": true, "true": true, "kode": true, "schlüssel": true, "clé": true, "código": true, "scratch": true, "emergency": true, "your": true, "passcode": true,
	"und": true, "et": true, "y": true, "or": true, "x": true, "is": true, "one": true, "time": true, "ok": true, "my": true,
}

// notKeyWords are words of letters only that stand in headings, in any letter case.
var notKeyWords = map[string]bool{
	"recovery": true, "security": true, "password": true, "accounts": true, "settings": true, "generate": true, "download": true, "keepsafe": true,
	"username": true, "verified": true, "services": true, "customer": true, "continue": true, "document": true, "warnings": true, "important": true,
	"two-factor": true, "one-time": true, "two-step": true, "sign-in": true, "back-up": true, "re-enter": true, "single-use": true,
}

// words brings names of variables into words: recoveryKey, recovery_codes, RECOVERY-KEY.
func words(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 8)
	var last rune
	for _, r := range text {
		switch {
		case r == '_':
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(last):
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// services are the names by which a sheet is recognised, longest first where one is
// part of another.
var services = []string{
	"B3Networks", "B3 Networks", "Qontak", "Mekari", "Yeastar", "RingLogix", "RingOS", "VoIP Admin Panel", "Authy", "Twilio",
	"GitHub", "GitLab", "Bitbucket", "Google", "Gmail", "Microsoft", "Outlook", "Azure", "Discord", "Slack", "Stripe", "Amazon Web Services", "AWS", "Amazon",
	"Proton", "Dropbox", "Facebook", "Instagram", "WhatsApp", "Twitter", "LinkedIn", "Coinbase", "Binance", "Kraken", "Epic Games", "Nintendo", "PlayStation",
	"Mozilla", "Firefox", "Bitwarden", "Vaultwarden", "1Password", "LastPass", "Dashlane", "Keeper", "Reddit", "WordPress", "Cloudflare", "npm", "PyPI", "RubyGems", "Heroku", "Salesforce",
	"DigitalOcean", "Okta", "Auth0", "Atlassian", "Jira", "Zoom", "Apple", "iCloud", "FileVault", "BitLocker", "Fastmail", "Tutanota", "Tuta", "Namecheap", "OVHcloud", "OVH", "Hetzner",
	"Linode", "Vultr", "Gandi", "GoDaddy", "Netlify", "Vercel", "Docker", "Nextcloud", "Mastodon", "Twitch", "Steam", "Ubisoft", "Shopify", "PayPal",
	"Zoho", "HubSpot", "Notion", "Figma", "Trello", "Asana", "Sentry", "Grafana", "Snapchat", "TikTok", "Pinterest", "Evernote", "MEGA", "Mailchimp", "SendGrid",
	"Kucoin", "Bitstamp", "Gemini", "Xero", "Wise", "Revolut", "Signal", "Ente", "Standard Notes", "Sync.com", "Backblaze", "Tresorit", "Joomla", "Drupal", "phpBB", "Gitea", "Codeberg", "SourceHut",
}

// sameService names the portal of what goes by several names.
var sameService = map[string]string{
	"B3 Networks": "B3Networks", "Gmail": "Google", "Firefox": "Mozilla", "RingOS": "RingLogix", "Tuta": "Tutanota", "OVH": "OVHcloud", "Jira": "Atlassian",
	"Amazon Web Services": "AWS", "iCloud": "Apple",
}

var serviceForms, serviceFileForms = func() (text, file []*regexp.Regexp) {
	for _, s := range services {
		form := `(?:^|[^\pL\d])` + regexp.QuoteMeta(s) + `(?:$|[^\pL])`
		fold := "(?i)"
		switch s { // names that are words too count only in their own spelling
		case "Apple", "Wise", "Signal", "Keeper", "Slack", "Zoom", "Notion", "Okta", "Steam", "Docker", "Gemini", "Ente", "Outlook", "Stripe", "Proton", "MEGA", "Discord", "Sentry":
			fold = ""
		}
		text = append(text, regexp.MustCompile(fold+form))
		file = append(file, regexp.MustCompile("(?i)"+form))
	}
	return text, file
}()

var titled = regexp.MustCompile(`^\W*(?:[Yy]our )?((?:\p{Lu}[\pL\d.&+-]*)(?: (?:\p{Lu}|\d)[\pL\d.&+-]*){0,3}?)(?:'s)?[ :-]{1,3}(?i:account |user |two-factor |two-step |2fa |mfa |authentication |verification |login |sign-in |security |authenticator |- |one-time )*(?i:recovery|backup|emergency|scratch)\b`)

// serviceIn guesses the portal's name from one line, or from the name of a file.
func serviceIn(text string, file bool) string {
	forms := serviceForms
	if file {
		forms, text = serviceFileForms, strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(text)
	}
	best, at := "", len(text)+1
	for i, form := range forms {
		if m := form.FindStringIndex(text); m != nil && m[0] < at {
			best, at = services[i], m[0]
			if other := sameService[best]; other != "" {
				best = other
			}
		}
	}
	return best
}

// isName tells a portal's name from the words that begin a sentence.
func isName(text string) bool {
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		switch strings.Trim(w, ".,-&+") {
		case "save", "your", "my", "the", "these", "this", "use", "keep", "print", "account", "two-factor", "two-step", "2fa", "mfa", "new", "please", "store", "here",
			"user", "all", "each", "some", "a", "one", "list", "what", "how", "download", "generate", "enter", "copy", "if", "is", "no", "for", "with", "admin", "sheet",
			"single-use", "one-time", "emergency", "important", "authentication", "security", "verification", "set", "about", "used", "any", "old", "code", "key":
			return false
		}
	}
	return text != ""
}
