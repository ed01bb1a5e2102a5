package otpauth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// The keys of these tests. key is 10 bytes, "tallystick" in base32.
const (
	key      = "ORQWY3DZON2GSY3L"
	keyText  = "tallystick"
	hexKey   = "74616c6c79737469"
	yaKey    = "ORQWY3DZON2GSY3LEBZWC3LQNQ" // 16 bytes
	yaKeyRaw = "tallystick sampl"
)

type want struct {
	issuer, name string
	kind         otp.Kind // "" = totp
	algorithm    otp.Algorithm
	digits       int
	period       int
	counter      uint64
	secret, pin  string // "" = keyText, no PIN
	tags         []string
	warn         []otpauth.WarningCode
	err          error
}

func (w want) check(t *testing.T, text string, e otpauth.Entry, err error) {
	t.Helper()
	if w.err != nil || err != nil {
		if !errors.Is(err, w.err) || w.err == nil {
			t.Errorf("%q: got %v, want %v", text, err, w.err)
		}
		if e.Issuer != "" || e.Name != "" || !e.Params.Secret.IsEmpty() {
			t.Errorf("%q: something comes with the error", text)
		}
		return
	}
	if w.kind == "" {
		w.kind = otp.TOTP
	}
	if w.secret == "" {
		w.secret = keyText
	}
	p, usual := e.Params, otp.New(w.kind, e.Params.Secret)
	if w.algorithm == "" {
		w.algorithm = usual.Algorithm
	}
	if w.digits == 0 {
		w.digits = usual.Digits
	}
	if w.period == 0 {
		w.period = usual.Period
	}
	if e.Issuer != w.issuer || e.Name != w.name {
		t.Errorf("%q: issuer %q, name %q, want %q, %q", text, e.Issuer, e.Name, w.issuer, w.name)
	}
	if p.Kind != w.kind || p.Algorithm != w.algorithm || p.Digits != w.digits || p.Period != w.period || p.Counter != w.counter {
		t.Errorf("%q: %s %s, %d digits, %d s, counter %d", text, p.Kind, p.Algorithm, p.Digits, p.Period, p.Counter)
	}
	if string(p.Secret.Reveal()) != w.secret || string(p.PIN.Reveal()) != w.pin {
		t.Errorf("%q: key %q, PIN %q", text, p.Secret.Reveal(), p.PIN.Reveal())
	}
	if !slices.Equal(e.Tags, w.tags) {
		t.Errorf("%q: tags %q", text, e.Tags)
	}
	if got := codes(e.Warnings); !slices.Equal(got, w.warn) {
		t.Errorf("%q: warnings %q, want %q", text, got, w.warn)
	}
	if err := p.Validate(); err != nil && !(errors.Is(err, otp.ErrPIN) && slices.Contains(codes(e.Warnings), otpauth.WarnPINMissing)) {
		t.Errorf("%q: parameters that make no codes: %v", text, err)
	}
}

func codes(warnings []otpauth.Warning) []otpauth.WarningCode {
	var all []otpauth.WarningCode
	for _, w := range warnings {
		if w.Text == "" {
			all = append(all, "without a text: ")
		}
		all = append(all, w.Code)
	}
	return all
}

type codeList = []otpauth.WarningCode

var parseCases = map[string]map[string]want{
	"as written down": {
		"otpauth://totp/Nordlicht:ada?secret=" + key:                                                                   {issuer: "Nordlicht", name: "ada"},
		"otpauth://totp/Nordlicht:ada?secret=" + key + "&issuer=Nordlicht":                                             {issuer: "Nordlicht", name: "ada"},
		"otpauth://totp/Nordlicht%3Aada%40example.org?secret=" + key:                                                   {issuer: "Nordlicht", name: "ada@example.org"},
		"otpauth://totp/Nordlicht%3A%20%20ada?secret=" + key:                                                           {issuer: "Nordlicht", name: "ada"},
		"otpauth://totp/ada?secret=" + key + "&issuer=Nordlicht":                                                       {issuer: "Nordlicht", name: "ada"},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=SHA256&digits=8&period=60":                                    {issuer: "N", name: "a", algorithm: otp.SHA256, digits: 8, period: 60},
		"otpauth://hotp/N:a?secret=" + key + "&counter=0":                                                              {issuer: "N", name: "a", kind: otp.HOTP},
		"otpauth://hotp/N:a?secret=" + key + "&algorithm=SHA512&digits=7&counter=9223372036854775807&period=30":        {issuer: "N", name: "a", kind: otp.HOTP, algorithm: otp.SHA512, digits: 7, counter: 1<<63 - 1},
		"otpauth://totp/N:a?secret=" + key + "&image=https://example.org/a.png?x=y&color=ff0000&lock=false&icon=n":     {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "&codeDisplay=%7B%22pinned%22%3Afalse%7D&serial=5&deviceid=7&data=00&x=y": {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "&tags=Work&tags=On%20call&tags=":                                         {issuer: "N", name: "a", tags: []string{"Work", "On call"}},
		"apple-otpauth://totp/N:a?secret=" + key + "&issuer=N":                                                         {issuer: "N", name: "a"},
	},
	"letter case, spaces, what copying adds": {
		"OTPAUTH://TOTP/N:a?SECRET=" + key + "&ISSUER=N&ALGORITHM=sha512&Digits=8": {issuer: "N", name: "a", algorithm: otp.SHA512, digits: 8},
		"  otpauth://totp/N:a?secret=" + key + "\r\n":                              {issuer: "N", name: "a"},
		"\ufeffotpauth://totp/N:a?secret=" + key:                                   {issuer: "N", name: "a"},
		`"otpauth://totp/N:a?secret=` + key + `"`:                                  {issuer: "N", name: "a"},
		"<otpauth://totp/N:a?secret=" + key + ">":                                  {issuer: "N", name: "a"},
		"QR-Code:otpauth://totp/N:a?secret=" + key + "\n":                          {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=orqw%20y3dz%20on2g%20sy3l":                      {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=ORQW-Y3DZ-ON2G-SY3L":                            {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=ORQW+Y3DZ+ON2G+SY3L":                            {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret= orqw y3dz on2g sy3l &issuer=N":                 {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "====":                                {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "%3D%3D":                              {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "&digits= 8 &period=%2060":            {issuer: "N", name: "a", digits: 8, period: 60},
		"otpauth://totp/N:a?secret=ORQWY3DZON2GSY3LE0":                             {err: otpauth.ErrSecret},
		"otpauth://totp/N:a?secret=ORQWY3DZON2GSY3LEBZWC3":                         {issuer: "N", name: "a", secret: "tallystick sa", warn: codeList{otpauth.WarnKeyLength}},
		"otpauth://totp/N:a?secret=ORQWY3DZ":                                       {issuer: "N", name: "a", secret: "tally", warn: codeList{otpauth.WarnShortKey}},
		"otpauth://totp/N:a?secret=ORQWY3DZON2GSY3LB":                              {issuer: "N", name: "a", warn: codeList{otpauth.WarnKeyLength}},
		"otpauth://totp/N:a?secret=" + key + "%00":                                 {err: otpauth.ErrSecret},
	},
	"spellings of the algorithm": {
		"otpauth://totp/N:a?secret=" + key + "&algorithm=SHA-1":            {issuer: "N", name: "a", warn: codeList{otpauth.WarnAlgorithmSpelling}},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=HMACSHA1":         {issuer: "N", name: "a", warn: codeList{otpauth.WarnAlgorithmSpelling}},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=HmacSHA256":       {issuer: "N", name: "a", algorithm: otp.SHA256, warn: codeList{otpauth.WarnAlgorithmSpelling}},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=HMAC-SHA-256":     {issuer: "N", name: "a", algorithm: otp.SHA256, warn: codeList{otpauth.WarnAlgorithmSpelling}},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=Algorithm.sha512": {issuer: "N", name: "a", algorithm: otp.SHA512, warn: codeList{otpauth.WarnAlgorithmSpelling}},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=MD5":              {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=SHA224":           {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=SHA384":           {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=GOST":             {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=HMAC":             {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=-":                {err: otpauth.ErrParameter},
	},
	"absent and impossible values": {
		"otpauth://totp/N:a?secret=" + key + "&algorithm=null&digits=null&period=null": {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "&algorithm=&digits=&period=&issuer=":     {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "&issuer&digits&period=undefined":         {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "&issuer=%20":                             {issuer: "N", name: "a"},
		"otpauth://totp/a?secret=" + key + "&issuer=Null":                              {issuer: "Null", name: "a"},
		"otpauth://hotp/N:a?secret=" + key:                                             {issuer: "N", name: "a", kind: otp.HOTP, warn: codeList{otpauth.WarnCounterMissing}},
		"otpauth://hotp/N:a?secret=" + key + "&counter=null":                           {issuer: "N", name: "a", kind: otp.HOTP, warn: codeList{otpauth.WarnCounterMissing}},
		"otpauth://hotp/N:a?secret=" + key + "&counter=-1":                             {err: otpauth.ErrParameter},
		"otpauth://hotp/N:a?secret=" + key + "&counter=9223372036854775808":            {err: otpauth.ErrParameter},
		"otpauth://hotp/N:a?secret=" + key + "&counter=1e3":                            {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=0":                               {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=11":                              {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=-6":                              {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=6.0":                             {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=six":                             {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=0x6":                             {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=1_0":                             {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=٦":                               {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&digits=10":                              {issuer: "N", name: "a", digits: 10, warn: codeList{otpauth.WarnOddDigits}},
		"otpauth://totp/N:a?secret=" + key + "&digits=1":                               {issuer: "N", name: "a", digits: 1, warn: codeList{otpauth.WarnOddDigits}},
		"otpauth://totp/N:a?secret=" + key + "&period=0":                               {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&period=86401":                           {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&period=99999999999999999999999":         {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + "&period=86400":                           {issuer: "N", name: "a", period: 86400},
		"otpauth://totp/N:a?secret=" + key + "&period=1":                               {issuer: "N", name: "a", period: 1},
		"otpauth://totp/N:a?issuer=N":                                                  {err: otpauth.ErrNoSecret},
		"otpauth://totp/N:a?secret=":                                                   {err: otpauth.ErrNoSecret},
		"otpauth://totp/N:a?secret=null":                                               {err: otpauth.ErrNoSecret},
		"otpauth://totp/N:a?secret=undefined":                                          {err: otpauth.ErrNoSecret},
		"otpauth://totp/N:a?secret===":                                                 {err: otpauth.ErrNoSecret},
		"otpauth://totp/N:a?secret=A":                                                  {err: otpauth.ErrSecret},
		"otpauth://totp/N:a":                                                           {err: otpauth.ErrNoSecret},
		"otpauth://totp":                                                               {err: otpauth.ErrNoSecret},
		"otpauth://":                                                                   {err: otpauth.ErrType},
		"otpauth:///N:a?secret=" + key:                                                 {err: otpauth.ErrType},
		"otpauth://rotp/N:a?secret=" + key:                                             {err: otpauth.ErrType},
		"otpauth://totp@hotp/N:a?secret=" + key:                                        {err: otpauth.ErrType},
		"otpauth://manual/N:a?secret=" + key:                                           {err: otpauth.ErrType},
	},
	"who is the issuer": {
		"otpauth://totp?secret=" + key:                                                   {},
		"otpauth://totp/?secret=" + key:                                                  {},
		"otpauth://totp/ada?secret=" + key:                                               {name: "ada"},
		"otpauth://totp/:ada?secret=" + key:                                              {name: "ada"},
		"otpauth://totp/%3Aada?secret=" + key:                                            {name: "ada"},
		"otpauth://totp/ :ada?secret=" + key + "&issuer=%20":                             {name: "ada"},
		"otpauth://totp/%3Aada?secret=" + key + "&issuer=%2Fn%2F":                        {issuer: "/n/", name: "ada"},
		"otpauth://totp/Nordlicht:?secret=" + key:                                        {issuer: "Nordlicht"},
		"otpauth://totp/Nordlicht:?secret=" + key + "&issuer=Nordlicht":                  {issuer: "Nordlicht"},
		"otpauth://totp/nordlicht:ada?secret=" + key + "&issuer=Nordlicht":               {issuer: "Nordlicht", name: "ada"},
		"otpauth://totp/Nordlicht :ada?secret=" + key + "&issuer=Nordlicht":              {issuer: "Nordlicht", name: "ada"},
		"otpauth://totp/Südlicht:ada?secret=" + key + "&issuer=Nordlicht":                {issuer: "Nordlicht", name: "Südlicht:ada", warn: codeList{otpauth.WarnIssuerDiffers}},
		"otpauth://totp/Chat:@ada:chat.example?secret=" + key:                            {issuer: "Chat", name: "@ada:chat.example"},
		"otpauth://totp/Chat:@ada:chat.example?secret=" + key + "&issuer=Chat":           {issuer: "Chat", name: "@ada:chat.example"},
		"otpauth://totp/Chat%3A@ada%3Achat.example?secret=" + key + "&issuer=Chat":       {issuer: "Chat", name: "@ada:chat.example"},
		"otpauth://totp/Chat%3A@ada%3Achat.example?secret=" + key:                        {issuer: "Chat", name: "@ada:chat.example", warn: codeList{otpauth.WarnLabelGuessed}},
		"otpauth://totp/Nord%3A%20Licht%3Aada?secret=" + key + "&issuer=Nord%3A%20Licht": {issuer: "Nord: Licht", name: "ada"},
		"otpauth://totp/Nord%3ALicht:ada%3Ab?secret=" + key:                              {issuer: "Nord:Licht", name: "ada:b"},
		"otpauth://totp/%20:%3A%3A%3A!!!?secret=" + key + "&issuer=%20":                  {name: ":::!!!"},
		"otpauth://totp/::::?secret=" + key:                                              {name: ":::"},
		"otpauth://totp/N:a/b/c?secret=" + key:                                           {issuer: "N", name: "a/b/c"},
	},
	"escapes and raw characters": {
		"otpauth://totp/Nord Licht:ada b?secret=" + key + "&issuer=Nord Licht": {issuer: "Nord Licht", name: "ada b"},
		"otpauth://totp/Nord+Licht:ada+b?secret=" + key:                        {issuer: "Nord+Licht", name: "ada+b"},
		"otpauth://totp/Nord%20Licht:ada?secret=" + key + "&issuer=Nord+Licht": {issuer: "Nord Licht", name: "ada"},
		"otpauth://totp/Nord+:ada?secret=" + key + "&issuer=Nord+":             {issuer: "Nord+", name: "ada"},
		"otpauth://totp/Nord%2B:ada?secret=" + key + "&issuer=Nord%2B":         {issuer: "Nord+", name: "ada"},
		"otpauth://totp/Südlicht:ä🔑?secret=" + key + "&issuer=Südlicht":        {issuer: "Südlicht", name: "ä🔑"},
		"otpauth://totp/%F0%9F%94%91:%C3%A4?secret=" + key:                     {issuer: "🔑", name: "ä"},
		"otpauth://totp/N:100%?secret=" + key + "&issuer=N":                    {issuer: "N", name: "100%"},
		"otpauth://totp/N:50%zz%4?secret=" + key:                               {issuer: "N", name: "50%zz%4"},
		"otpauth://totp/N:a #1?secret=" + key:                                  {issuer: "N", name: "a #1"},
		"otpauth://totp/a?secret=" + key + "&issuer=C# Club&digits=8":          {issuer: "C# Club", name: "a", digits: 8},
		"otpauth://totp/a?issuer=N&secret=" + key + "#top":                     {issuer: "N", name: "a", warn: codeList{otpauth.WarnFragment}},
		"otpauth://totp/a?issuer=N&secret=" + key + "#&digits=8":               {err: otpauth.ErrSecret}, // without it, codes would be wrong
		"otpauth://totp/a?issuer=N&secret=" + key + "#a&steam":                 {err: otpauth.ErrSecret},
		"otpauth://totp/a?issuer=N&secret=" + key + "&digits=6#":               {issuer: "N", name: "a", warn: codeList{otpauth.WarnFragment}},
		"otpauth://totp/N&Co:a?secret=" + key:                                  {issuer: "N&Co", name: "a"},
		"otpauth://totp/a?issuer=Nord & Licht&secret=" + key:                   {issuer: "Nord & Licht", name: "a", warn: codeList{otpauth.WarnAmpersand}},
		"otpauth://totp/a?secret=" + key + "&issuer=N&L&digits=8":              {issuer: "N&L", name: "a", digits: 8, warn: codeList{otpauth.WarnAmpersand}},
		"otpauth://totp/a?secret=" + key + "&amp;issuer=N&amp;digits=8":        {issuer: "N", name: "a", digits: 8, warn: codeList{otpauth.WarnAmpersand}},
		"otpauth://totp/a?secret=" + key + "&issuer=Nperiod=60":                {issuer: "N", name: "a", period: 60, warn: codeList{otpauth.WarnAmpersand}},
		"otpauth://totp/a?issuer=Nsecret=" + key + "digits=8period=60":         {issuer: "N", name: "a", digits: 8, period: 60, warn: codeList{otpauth.WarnAmpersand}},
		"otpauth://totp/a?issuer=N;L&secret=" + key:                            {issuer: "N;L", name: "a"},
		"otpauth://totp/Who?:a?secret=" + key:                                  {issuer: "Who?", name: "a"},
		"otpauth://totp/a?secret=" + key + "&issuer=Who?":                      {issuer: "Who?", name: "a"},
		"otpauth://totp/a?secret=" + key + "&issuer=x=y":                       {issuer: "x=y", name: "a"},
	},
	"text copied along with the link": {
		"otpauth://totp/N:a?secret=" + key + "\nPlease scan this": {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key[:8] + "\n" + key[8:]:   {err: otpauth.ErrParameter},
		"otpauth://totp/N:a?secret=" + key + " and keep it":       {err: otpauth.ErrSecret},
		"otpauth://totp/N:a?secret=" + key + "+and+keep+it":       {err: otpauth.ErrSecret},
		"otpauth://totp/N:a?secret=ORQWY 3DZON 2GSY3 L":           {issuer: "N", name: "a"},
		"motp://a?secret=" + hexKey + " and keep it":              {err: otpauth.ErrSecret},
		"motp://a?secret=" + hexKey + "\nabc":                     {err: otpauth.ErrParameter},
		"steam://" + key + " and keep it":                         {err: otpauth.ErrSecret},
	},
	"repeated": {
		"otpauth://totp/N:a?secret=" + key + "&algorithm=SHA1&algorithm=SHA256":   {issuer: "N", name: "a", algorithm: otp.SHA256, warn: codeList{otpauth.WarnRepeated}},
		"otpauth://totp/N:a?secret=" + key + "&digits=8&digits=":                  {issuer: "N", name: "a", digits: 8},
		"otpauth://totp/N:a?secret=" + key + "&secret=orqw%20y3dz%20on2g%20sy3l=": {issuer: "N", name: "a"},
		"otpauth://totp/N:a?secret=" + key + "&secret=ORQWY3DZON2GSY3M":           {err: otpauth.ErrParameter},
		"otpauth://totp/a?secret=" + key + "&issuer=M&issuer=N":                   {issuer: "N", name: "a", warn: codeList{otpauth.WarnRepeated}},
		"otpauth://totp/N:a?secret=" + key + "\notpauth://totp/M:b?secret=" + key: {err: otpauth.ErrParameter},
	},
	"steam": {
		"otpauth://steam/Steam:ada?secret=" + key + "&issuer=Steam":                      {issuer: "Steam", name: "ada", kind: otp.Steam},
		"otpauth://steam/Games:ada?secret=" + key + "&algorithm=SHA1&digits=5&period=30": {issuer: "Games", name: "ada", kind: otp.Steam},
		"otpauth://steam/Games:ada?secret=" + key + "&digits=6":                          {issuer: "Games", name: "ada", kind: otp.Steam},
		"otpauth://steam/Games:ada?secret=" + key + "&digits=8&period=x":                 {issuer: "Games", name: "ada", kind: otp.Steam, warn: codeList{otpauth.WarnIgnored}},
		"otpauth://steam/Games:ada?secret=" + key + "&algorithm=SHA256":                  {issuer: "Games", name: "ada", kind: otp.Steam, warn: codeList{otpauth.WarnIgnored}},
		"otpauth://totp/Games:ada?secret=" + key + "&period=30&digits=5&encoder=steam":   {issuer: "Games", name: "ada", kind: otp.Steam},
		"otpauth://totp/Games:ada?secret=" + key + "&ENCODER=Steam":                      {issuer: "Games", name: "ada", kind: otp.Steam},
		"otpauth://totp/Games:ada?secret=" + key + "&steam":                              {issuer: "Games", name: "ada", kind: otp.Steam},
		"otpauth://totp/ada?secret=" + key + "&issuer=Wind & Steam":                      {issuer: "Wind & Steam", name: "ada", warn: codeList{otpauth.WarnAmpersand}},
		"otpauth://totp/ada?secret=" + key + "&digits=6&Steam":                           {name: "ada"},
		"otpauth://totp/Games:ada?steam&secret=" + key:                                   {issuer: "Games", name: "ada", kind: otp.Steam},
		"otpauth://totp/ada?secret=" + key + "&issuer=Games&steam":                       {issuer: "Games", name: "ada", kind: otp.Steam},
		"otpauth://totp/Games:ada?secret=" + key + "&steam=false":                        {issuer: "Games", name: "ada"},
		"otpauth://totp/Games:ada?secret=" + key + "&encoder=null":                       {issuer: "Games", name: "ada"},
		"otpauth://totp/Games:ada?secret=" + key + "&encoder=hex":                        {err: otpauth.ErrParameter},
		"otpauth://hotp/Games:ada?secret=" + key + "&counter=1&encoder=steam":            {err: otpauth.ErrParameter},
		"otpauth://totp/Steam:ada?secret=" + key:                                         {issuer: "Steam", name: "ada", warn: codeList{otpauth.WarnSteamIssuer}},
		"otpauth://totp/ada?secret=" + key + "&issuer=steam&digits=5":                    {issuer: "steam", name: "ada", digits: 5, warn: codeList{otpauth.WarnOddDigits, otpauth.WarnSteamIssuer}},
		"steam://" + key:                         {kind: otp.Steam},
		"STEAM://" + strings.ToLower(key) + "/":  {kind: otp.Steam},
		"steam://" + key + "?x=y":                {kind: otp.Steam},
		"steam://dGFsbHlzdGljayBzYW1wbGUgMjA=":   {kind: otp.Steam, secret: "tallystick sample 20", warn: codeList{otpauth.WarnKeyForm}},
		"steam://dGFsbHlzdGljayBzYW1wbGUgMjA%3D": {kind: otp.Steam, secret: "tallystick sample 20", warn: codeList{otpauth.WarnKeyForm}},
		"steam://dGFsbHlzdGljayBzYW1wbGUgMjA":    {kind: otp.Steam, secret: "tallystick sample 20", warn: codeList{otpauth.WarnKeyForm}},
		"steam://+/+/+/+/+/+/+/+/+/+/+/+/+/8=":   {kind: otp.Steam, secret: "\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf\xfb\xff", warn: codeList{otpauth.WarnKeyForm}},
		"steam://run/440":                        {err: otpauth.ErrNotURI},
		"steam://":                               {err: otpauth.ErrNoSecret},
	},
	"motp": {
		"motp://Gate:ada?secret=" + hexKey:                       {issuer: "Gate", name: "ada", kind: otp.MOTP, secret: hexKey, warn: codeList{otpauth.WarnPINMissing}},
		"motp://Gate:ada?secret=" + strings.ToUpper(hexKey):      {issuer: "Gate", name: "ada", kind: otp.MOTP, secret: strings.ToUpper(hexKey), warn: codeList{otpauth.WarnPINMissing}},
		"MOTP://Gate%20Way:ada%3Ab?secret=7461-6c6c-7973-7469":   {issuer: "Gate Way", name: "ada:b", kind: otp.MOTP, secret: hexKey, warn: codeList{otpauth.WarnPINMissing}},
		"motp://:ada?secret=" + hexKey:                           {name: "ada", kind: otp.MOTP, secret: hexKey, warn: codeList{otpauth.WarnPINMissing}},
		"motp://ada?secret=" + hexKey + "&pin=2468":              {name: "ada", kind: otp.MOTP, secret: hexKey, pin: "2468"},
		"motp://ada?secret=" + hexKey + "&pin=24680":             {err: otpauth.ErrParameter},
		"motp://ada?secret=7461":                                 {err: otpauth.ErrSecret},
		"motp://ada?secret=" + key:                               {err: otpauth.ErrSecret},
		"motp://ada":                                             {err: otpauth.ErrNoSecret},
		"otpauth://motp/Gate:ada?secret=" + hexKey + "&pin=2468": {issuer: "Gate", name: "ada", kind: otp.MOTP, secret: hexKey, pin: "2468"},
		"otpauth://motp/Gate:ada?secret=" + key + "&digits=6&algorithm=MD5&period=10": {issuer: "Gate", name: "ada", kind: otp.MOTP, secret: "74616c6c79737469636b",
			warn: codeList{otpauth.WarnKeyForm, otpauth.WarnPINMissing}}, // base32 of the bytes
		"otpauth://motp/Gate:ada?secret=G42DMMJWMM3GGNZZG4ZTONBWHE": {issuer: "Gate", name: "ada", kind: otp.MOTP, secret: hexKey,
			warn: codeList{otpauth.WarnKeyForm, otpauth.WarnPINMissing}}, // base32 of the text
		"otpauth://motp/Gate:ada?secret=ORQWY": {err: otpauth.ErrSecret},
	},
	"yandex": {
		"otpauth://yaotp/ada?secret=" + yaKey:                            {name: "ada", kind: otp.Yandex, secret: yaKeyRaw, warn: codeList{otpauth.WarnPINMissing}},
		"otpauth://yandex/Yandex:ada?secret=" + yaKey + "&pin_length=6":  {issuer: "Yandex", name: "ada", kind: otp.Yandex, secret: yaKeyRaw, warn: codeList{otpauth.WarnPINMissing}},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin=13579":             {name: "ada", kind: otp.Yandex, secret: yaKeyRaw, pin: "13579"},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin=234567":            {name: "ada", kind: otp.Yandex, secret: yaKeyRaw, pin: "234567"},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin=GEZTKNZZ":          {name: "ada", kind: otp.Yandex, secret: yaKeyRaw, pin: "13579"},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin=123":               {err: otpauth.ErrParameter},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin=12345678901234567": {err: otpauth.ErrParameter},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin=!":                 {err: otpauth.ErrParameter},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin_length=x":          {err: otpauth.ErrParameter},
		"otpauth://yaotp/ada?secret=" + yaKey + "&pin_length=3":          {err: otpauth.ErrParameter},
		"otpauth://yaotp/ada?secret=" + key:                              {err: otpauth.ErrSecret},
	},
	"bare keys and what is none of ours": {
		key:                                   {warn: codeList{otpauth.WarnBareKey}},
		" orqw y3dz on2g sy3l ":               {warn: codeList{otpauth.WarnBareKey}},
		"":                                    {err: otpauth.ErrNotURI},
		"   ":                                 {err: otpauth.ErrNotURI},
		"https://example.org/?secret=" + key:  {err: otpauth.ErrNotURI},
		"otpauth:totp/N:a?secret=" + key:      {err: otpauth.ErrNotURI},
		"totp/N:a?secret=" + key:              {err: otpauth.ErrNotURI},
		"WIFI:S:nordlicht;T:WPA;P:hush;;":     {err: otpauth.ErrNotURI},
		"otpauth-migration://offline?data=AA": {err: otpauth.ErrNotURI},
		"internationalization":                {err: otpauth.ErrNotURI},
	},
	"names that deceive or break": {
		"otpauth://totp/Nord%0ALicht:a%00da%7F?secret=" + key:              {issuer: "Nord Licht", name: "ada", warn: codeList{otpauth.WarnLabelCleaned}},
		"otpauth://totp/N:%E2%80%AEada%E2%80%AC?secret=" + key:             {issuer: "N", name: "ada", warn: codeList{otpauth.WarnLabelCleaned}},
		"otpauth://totp/N:a\u2066d\u2069a\u200e?secret=" + key:             {issuer: "N", name: "ada", warn: codeList{otpauth.WarnLabelCleaned}},
		"otpauth://totp/%00:ada?secret=" + key:                             {name: "ada"},
		"otpauth://totp/N:a%FFb?secret=" + key:                             {issuer: "N", name: "a\ufffdb", warn: codeList{otpauth.WarnLabelCleaned}},
		"otpauth://totp/N:👩\u200d👧?secret=" + key:                          {issuer: "N", name: "👩\u200d👧"},
		"otpauth://totp/N:" + strings.Repeat("ä", 513) + "?secret=" + key:  {issuer: "N", name: strings.Repeat("ä", 512), warn: codeList{otpauth.WarnLabelCut}},
		"otpauth://totp/N:" + strings.Repeat("ä", 512) + "?secret=" + key:  {issuer: "N", name: strings.Repeat("ä", 512)},
		"otpauth://totp/N:" + strings.Repeat("a", 8200) + "?secret=" + key: {err: otpauth.ErrTooLong},
		"otpauth://totp/N:a?secret=" + strings.Repeat("A", 2000):           {err: otpauth.ErrSecret},
		"otpauth://totp/a?secret=" + key + strings.Repeat("&tags=t", 40):   {name: "a", tags: slices.Repeat([]string{"t"}, 32), warn: codeList{otpauth.WarnLabelCut}},
	},
}

func TestParse(t *testing.T) {
	for group, cases := range parseCases {
		t.Run(group, func(t *testing.T) {
			for text, w := range cases {
				e, err := otpauth.Parse(text)
				w.check(t, text, e, err)
			}
		})
	}
}

// Whatever is a form of ours to Recognise is read or refused by Parse with more than
// "not a link", and the other way round.
func TestRecogniseAgreesWithParse(t *testing.T) {
	for _, cases := range parseCases {
		for text := range cases {
			form := otpauth.Recognise(text)
			_, err := otpauth.Parse(text)
			ours := form == otpauth.URI || form == otpauth.BareKey
			if notOurs := errors.Is(err, otpauth.ErrNotURI); ours == notOurs {
				t.Errorf("%q: form %d, Parse says %v", text, form, err)
			}
		}
	}
}

func TestRecognise(t *testing.T) {
	for text, form := range map[string]otpauth.Form{
		"otpauth://totp/a?secret=" + key:           otpauth.URI,
		"OTPAUTH://x":                              otpauth.URI,
		"apple-otpauth://totp/a":                   otpauth.URI,
		"motp://x":                                 otpauth.URI,
		"steam://" + key:                           otpauth.URI,
		"steam://ab/dGFsbHlzdGljayBzYW1wbGUg8A=":   otpauth.Unknown,
		"steam://dGFsbHlzdGljayBzYW1wbGUgMjA=":     otpauth.URI,
		"steam://run/440":                          otpauth.Unknown,
		"steam://rungameid/440":                    otpauth.Unknown,
		"steam://open/friends/players":             otpauth.Unknown,
		" otpauth-migration://offline?data=x":      otpauth.Migration,
		"OTPAUTH-MIGRATION://offline":              otpauth.Migration,
		"https://otpauth://x":                      otpauth.Unknown,
		"mailto:ada@example.org":                   otpauth.Unknown,
		"otpauth":                                  otpauth.Unknown,
		strings.Repeat("A2", 5000):                 otpauth.Unknown,
		"otpauth://" + strings.Repeat("A", 100000): otpauth.URI, // Parse says that it is too long

		// Keys as portals show them.
		key:                                    otpauth.BareKey,
		strings.ToLower(key):                   otpauth.BareKey,
		"orqw y3dz on2g sy3l":                  otpauth.BareKey,
		"ORQW-Y3DZ-ON2G-SY3L":                  otpauth.BareKey,
		"ORQWY3DZON2GSY3LEBZWC3LQNQ======":     otpauth.BareKey,
		"orqw\u00a0y3dz\u00a0on2g sy3l\n":      otpauth.BareKey,
		"orqwy 3dzon 2gsy3 l":                  otpauth.BareKey,
		"XKCDQRTZWBNMLPGH":                     otpauth.BareKey, // no digit, but no word either
		"xkcd qrtz wbnm lpgh":                  otpauth.BareKey,
		"ORQWY3DZON2GSY3LEBZWC3LQNRSSAMRQ\r\n": otpauth.BareKey,
		"ORQW  Y3DZ  ON2G  SY3L":               otpauth.BareKey,

		// Words, prose and other things people copy.
		"internationalization":                 otpauth.Unknown,
		"INTERNATIONALIZATION":                 otpauth.Unknown,
		"misunderstandings":                    otpauth.Unknown,
		"straightforwardness":                  otpauth.Unknown,
		"please call me tomorrow":              otpauth.Unknown,
		"version 2 of the document":            otpauth.Unknown,
		"PLEASE DO NOT REPLY":                  otpauth.Unknown,
		"Windows7Professional":                 otpauth.Unknown,
		"not an uri":                           otpauth.Unknown,
		"ORQWY3DZON2GSY3":                      otpauth.Unknown, // 15
		"ORQWY3DZON2GSY3LA":                    otpauth.Unknown, // 17: base32 has no such length
		"ORQWY3DZ-ON2G SY3L":                   otpauth.Unknown, // two separators
		"123456":                               otpauth.Unknown,
		"4111 1111 1111 1111":                  otpauth.Unknown,
		"550e8400-e29b-41d4-a716-446655440000": otpauth.Unknown,
		"d41d8cd98f00b204e9800998ecf8427e":     otpauth.Unknown,
		"correct horse battery staple":         otpauth.Unknown,
		"ada.lovelace@example.org":             otpauth.Unknown,
		"dGFsbHlzdGljayBzYW1wbGU=":             otpauth.Unknown,
		"ORQWY3DZON2GSY3\xff":                  otpauth.Unknown,
		"":                                     otpauth.Unknown,
		strings.Repeat("A2", 68):               otpauth.Unknown, // 136
	} {
		if got := otpauth.Recognise(text); got != form {
			t.Errorf("%.60q: got %d, want %d", text, got, form)
		}
	}
}

func TestParseKey(t *testing.T) {
	for _, c := range []struct {
		kind   otp.Kind
		text   string
		secret string
		warn   codeList
		err    error
	}{
		{otp.TOTP, "orqw y3dz on2g sy3l", keyText, nil, nil},
		{otp.TOTP, "misunderstandings", "", nil, nil}, // typed on purpose: no judgement
		{otp.TOTP, "ORQWY3DZ", "tally", codeList{otpauth.WarnShortKey}, nil},
		{otp.HOTP, key + "==", keyText, nil, nil},
		{otp.HOTP, key + "A", keyText, codeList{otpauth.WarnKeyLength}, nil},
		{otp.Steam, key, keyText, nil, nil},
		{otp.Steam, " dGFsbHlzdGljayBzYW1wbGUgMjA= ", "tallystick sample 20", codeList{otpauth.WarnKeyForm}, nil},
		{otp.Steam, "ORQWY3DZON2GSY3LEBZWC3LQNRS", "tallystick sampl", codeList{otpauth.WarnKeyLength}, nil}, // 27, but one case
		{otp.MOTP, "7461 6C6c 7973 7469", "74616C6c79737469", nil, nil},
		{otp.MOTP, key, "", nil, otpauth.ErrSecret},
		{otp.MOTP, "7461", "", nil, otpauth.ErrSecret},
		{otp.Yandex, yaKey, yaKeyRaw, nil, nil},
		{otp.Yandex, key, "", nil, otpauth.ErrSecret},
		{otp.TOTP, "", "", nil, otpauth.ErrNoSecret},
		{otp.TOTP, " - ", "", nil, otpauth.ErrNoSecret},
		{otp.TOTP, "A", "", nil, otpauth.ErrSecret},
		{otp.TOTP, "ORQWY3DZON2GSY3L0", "", nil, otpauth.ErrSecret},
		{otp.TOTP, "otpauth://totp/a?secret=" + key, "", nil, otpauth.ErrSecret},
		{otp.TOTP, strings.Repeat("A", 9000), "", nil, otpauth.ErrTooLong},
		{otp.TOTP, strings.Repeat("A", 8000), "", nil, otpauth.ErrSecret},
		{otp.Manual, key, "", nil, otpauth.ErrType},
		{"", key, "", nil, otpauth.ErrType},
	} {
		p, warn, err := otpauth.ParseKey(c.kind, c.text)
		if !errors.Is(err, c.err) || c.err == nil && err != nil {
			t.Errorf("%s %.40q: got %v, want %v", c.kind, c.text, err, c.err)
			continue
		}
		if err != nil {
			if !p.Secret.IsEmpty() || warn != nil {
				t.Errorf("%s %.40q: something comes with the error", c.kind, c.text)
			}
			continue
		}
		if c.secret != "" && string(p.Secret.Reveal()) != c.secret || p.Kind != c.kind {
			t.Errorf("%s %q: got %s %q", c.kind, c.text, p.Kind, p.Secret.Reveal())
		}
		if c.secret != "" && !slices.Equal(codes(warn), c.warn) {
			t.Errorf("%s %q: warnings %q", c.kind, c.text, codes(warn))
		}
	}
}
