package rehearse

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	qrcode "github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/app/portal"
)

var (
	//go:embed pages/*.html
	pageFiles embed.FS
	//go:embed style.css
	style []byte

	templates = parsePages()
)

// parsePages joins every page with the frame around all of them. The files are part of the program, so a mistake shows in the first test.
func parsePages() map[string]*template.Template {
	words := template.FuncMap{"join": strings.Join, "seconds": clockWords}
	frame := template.Must(template.New("frame.html").Funcs(words).ParseFS(pageFiles, "pages/frame.html"))
	names, _ := fs.Glob(pageFiles, "pages/*.html")
	pages := map[string]*template.Template{}
	for _, name := range names {
		if id := strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html"); id != "frame" {
			pages[id] = template.Must(template.Must(frame.Clone()).ParseFS(pageFiles, name))
		}
	}
	return pages
}

// clockWords says by how much a clock is wrong.
func clockWords(seconds int) string {
	switch {
	case seconds < 0:
		return fmt.Sprintf("%d seconds slow", -seconds)
	case seconds > 0:
		return fmt.Sprintf("%d seconds fast", seconds)
	}
	return "right"
}

// view is what every page gets.
type view struct {
	ID, Name, User       string
	Code, Verify, Resend string
	SignedIn             bool
	Guide                portal.Guide
	Notice               notice
	Clock                int // seconds the portal's clock is wrong by
	Mail, SMS            int // messages that have arrived
	Data                 any
}

// render draws a page of a portal. A notice is shown once.
func (r *Rehearsal) render(w io.Writer, v *visit, page string, data any) error {
	out := view{
		ID: v.p.id, Name: v.p.guide.Name, User: v.p.user, Code: v.p.code, Verify: v.p.verify, Resend: v.p.resend,
		SignedIn: v.s.stage == signedIn, Guide: v.p.guide, Notice: v.s.notice, Clock: int(v.p.clock.Seconds()), Data: data,
	}
	v.s.notice = notice{}
	out.Mail, out.SMS = r.count()
	return templates[page].Execute(w, out)
}

func (r *Rehearsal) count() (mail, sms int) {
	for _, m := range r.messages {
		if m.sms {
			sms++
		} else {
			mail++
		}
	}
	return mail, sms
}

// index links the practice portals.
func (r *Rehearsal) index(w http.ResponseWriter, _ *http.Request) {
	type card struct{ ID, Name, Shows, State string }
	var cards []card
	r.mu.Lock()
	for _, p := range r.portals {
		state := "off"
		if p.account.protected() {
			state = "on"
		}
		cards = append(cards, card{p.id, p.guide.Name, p.shows, state})
	}
	out := view{Data: cards}
	out.Mail, out.SMS = r.count()
	r.mu.Unlock()
	writePage(w, "index", out)
}

// inbox shows the mailbox, or the phone: the newest message first.
func (r *Rehearsal) inbox(w http.ResponseWriter, sms bool) {
	r.mu.Lock()
	list := slices.DeleteFunc(slices.Clone(r.messages), func(m message) bool { return m.sms != sms })
	out := view{}
	out.Mail, out.SMS = r.count()
	r.mu.Unlock()
	slices.Reverse(list)
	out.Data = list
	name := "mailbox"
	if sms {
		name = "phone"
	}
	writePage(w, name, out)
}

func writePage(w http.ResponseWriter, name string, out view) {
	var b bytes.Buffer
	if err := templates[name].Execute(&b, out); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// qrSize is the width of a QR code on a page, in pixels: about what portals show.
const qrSize = 200

// picture is a QR code for an img element.
func picture(text string) (template.URL, error) {
	png, err := qrcode.Encode(text, qrcode.Medium, qrSize)
	if err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png)), nil // made here, of base64 letters only
}
