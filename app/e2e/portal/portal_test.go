package portal

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// RFC 6238 Appendix B, cut to six digits.
func TestCode(t *testing.T) {
	p := &Portal{Key: []byte("12345678901234567890")}
	for unix, want := range map[int64]string{59: "287082", 1111111109: "081804", 2000000000: "279037", 20000000000: "353130"} {
		if got := p.Code(time.Unix(unix, 0)); got != want {
			t.Errorf("at %d: %s, want %s", unix, got, want)
		}
	}
}

func TestVerify(t *testing.T) {
	p, err := Start("Example", "maria")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, code := range []string{"nonsense", p.Code(time.Now())} {
		resp, err := http.PostForm(p.URL+"verify", url.Values{"code": {code}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if got := p.Attempts(); len(got) != 2 || got[0] || !got[1] {
		t.Errorf("attempts %v, want a wrong one and a right one", got)
	}
}
