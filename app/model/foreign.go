package model

import (
	"net/url"
	"strings"
)

// foreignKinds are texts of QR codes that people meet where they expect an
// authenticator key, by how they begin (in lower case). The first that fits wins.
var foreignKinds = []struct{ prefix, what string }{
	{"phonefactor://", "a Microsoft Authenticator activation. Only Microsoft's own app can use it; on the Microsoft page choose “a different authenticator app” to get a key that works here"},
	{"microsoft-authenticator://", "a Microsoft Authenticator activation. Only Microsoft's own app can use it; on the Microsoft page choose “a different authenticator app” to get a key that works here"},
	{"ms-msa://", "a Microsoft sign-in. Only Microsoft's own app can use it; on the Microsoft page choose “a different authenticator app” to get a key that works here"},
	{"duo://", "a Duo activation, not an authenticator key. Only the Duo Mobile app can use it; ask whether the portal also offers an authenticator app"},
	{"oktaverify://", "an Okta Verify activation, not an authenticator key. Only Okta's own app can use it; on the Okta page choose Google Authenticator to get a key that works here"},
	{"com.okta.authenticator", "an Okta Verify activation, not an authenticator key. On the Okta page choose Google Authenticator to get a key that works here"},
	{"fido:/", "a passkey sign-in, not an authenticator key. It is made for the camera of a phone"},
	{"pingid", "a PingID activation, not an authenticator key. Only PingID's own app can use it"},
	{"com.rsa.", "an RSA SecurID token, not an authenticator key. Only RSA's own app can use it"},
	{"ctfdata=", "an RSA SecurID token, not an authenticator key. Only RSA's own app can use it"},
	{"wifi:", "the password of a Wi-Fi network, not an authenticator key"},
	{"steam://", "a link that starts Steam, not an authenticator key"},
	{"begin:vcard", "a contact card, not an authenticator key"},
	{"mecard:", "a contact card, not an authenticator key"},
	{"begin:vevent", "a calendar entry, not an authenticator key"},
	{"begin:vcalendar", "a calendar entry, not an authenticator key"},
	{"mailto:", "an e-mail address, not an authenticator key"},
	{"matmsg:", "an e-mail, not an authenticator key"},
	{"tel:", "a telephone number, not an authenticator key"},
	{"sms:", "a text message, not an authenticator key"},
	{"smsto:", "a text message, not an authenticator key"},
	{"geo:", "a place on a map, not an authenticator key"},
	{"bitcoin:", "a payment address, not an authenticator key"},
	{"ethereum:", "a payment address, not an authenticator key"},
	{"bcd\n", "a bank transfer, not an authenticator key"},
	{"data:", "an embedded file, not an authenticator key"},
}

// foreign says what a text is that is no authenticator key: the end of a sentence
// that begins with "… is ". Nothing of the text is repeated but the host of a web
// address, so that a secret in it cannot end up on the screen.
func foreign(text string) string {
	t := strings.ToLower(strings.TrimSpace(text))
	for _, k := range foreignKinds {
		if strings.HasPrefix(t, k.prefix) {
			return k.what
		}
	}
	if strings.HasPrefix(t, "http://") || strings.HasPrefix(t, "https://") {
		return foreignAddress(t)
	}
	switch {
	case t == "":
		return "empty"
	case strings.Contains(t, "://"):
		return "a link for another program, not an authenticator key"
	case strings.Trim(t, "0123456789") == "":
		return "a number, not an authenticator key"
	}
	return "plain text, not an authenticator key"
}

// WhatItIs says in words what a QR code is that no account can be made of; it goes on after "it is". Nothing of the text is repeated but the
// host of a web address.
func WhatItIs(text string) string { return foreign(text) }

func foreignAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return "a web address, not an authenticator key"
	}
	host := u.Hostname()
	switch {
	case under(host, "duosecurity.com"), under(host, "duo.com"):
		return "a Duo activation, not an authenticator key. Only the Duo Mobile app can use it; ask whether the portal also offers an authenticator app"
	case host == "127.0.0.1" && strings.Contains(u.Path, "securid"):
		return "an RSA SecurID token, not an authenticator key. Only RSA's own app can use it"
	case under(host, "s.team"):
		return "a Steam sign-in, not an authenticator key. Only the Steam app can use it"
	}
	if len(host) > 60 || !plainASCII(host) {
		return "a web address, not an authenticator key"
	}
	return "a web address (" + host + "), not an authenticator key"
}

func under(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
