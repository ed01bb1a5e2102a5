package model

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
)

func TestWhereAStorageIsIsSaidInWords(t *testing.T) {
	for text, want := range map[string]string{
		"webdav:https://cloud.example.org/remote.php/dav/files/maria/Team%20codes/": "WebDAV: cloud.example.org/remote.php/dav/files/maria/Team codes",
		"webdav:cloud.example.org":                                 "WebDAV: cloud.example.org",
		"webdav:http://nas.local:8080/codes":                       "WebDAV: http://nas.local:8080/codes",
		"s3:s3.example.org/team":                                   "S3: bucket team at s3.example.org",
		"s3:s3.example.org/team/codes/desk?region=eu-1&style=host": "S3: bucket team at s3.example.org, folder codes/desk",
		"s3:http://127.0.0.1:9000/team":                            "S3: bucket team at http://127.0.0.1:9000",
		"webdav:https://cloud.example.org/a%E2%80%AEb":             "WebDAV: cloud.example.org/ab",
	} {
		l, err := store.ParseLocation(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := whereWords(l); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	if got := whereWords(store.Location{Kind: store.Folder, Path: "/mnt/team codes"}); got != "Folder: /mnt/team codes" {
		t.Error(got)
	}
}

// findingKinds reads the kinds that the sources declare, so that a new one without words fails here.
func findingKinds(t *testing.T) (kinds []share.Kind) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../vault/share/finding.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Kind" {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, share.Kind(text))
		}
		return true
	})
	return kinds
}

func TestEveryFindingHasWords(t *testing.T) {
	kinds := findingKinds(t)
	if len(kinds) < 20 {
		t.Fatalf("found only %d kinds: the search is broken", len(kinds))
	}
	name := func(d share.DeviceID) string { return map[share.DeviceID]string{"0123456789abcdef": "Ben"}[d] }
	said := map[string]share.Kind{}
	for _, k := range kinds {
		for _, d := range []share.DeviceID{"", "0123456789abcdef", "fedcba9876543210"} {
			text := FindingSentence(share.Finding{Kind: k, Device: d, Known: 7, Shown: 3}, name)
			if strings.Contains(text, "("+string(k)+")") || !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") {
				t.Errorf("%s: %q", k, text)
			}
			if other, ok := said[text]; ok && other != k {
				t.Errorf("%s and %s are told alike: %q", k, other, text)
			}
			said[text] = k
		}
	}
	if got := FindingSentence(share.Finding{Kind: share.RolledBack, Device: "0123456789abcdef", Known: 7, Shown: 3}, name); !strings.Contains(got, "Ben") || !strings.Contains(got, "3 instead of 7") {
		t.Errorf("%q", got)
	}
}
