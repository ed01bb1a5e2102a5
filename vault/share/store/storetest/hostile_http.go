package storetest

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault/share/store"
)

// refuse answers with the status that an error of Before stands for.
func refuse(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	switch {
	case errors.Is(err, store.ErrOffline):
		code = http.StatusServiceUnavailable
	case errors.Is(err, store.ErrDenied):
		code = http.StatusForbidden
	case errors.Is(err, store.ErrFull):
		code = http.StatusInsufficientStorage
	case errors.Is(err, store.ErrNotFound):
		code = http.StatusNotFound
	}
	w.WriteHeader(code)
}

func (h *Hostile) answer(w http.ResponseWriter, code int, body []byte) {
	h.capture.down(len(body))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

// WebDAV serves the storage over WebDAV, to whoever has a name; any password will do. Listings are of depth 0 and 1.
func (h *Hostile) WebDAV() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(io.LimitReader(req.Body, 64<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h.capture.request(req, body)
		client, _, ok := req.BasicAuth()
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="team"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.webdav(w, req, client, strings.TrimPrefix(req.URL.Path, "/"), body)
	})
}

func (h *Hostile) webdav(w http.ResponseWriter, req *http.Request, client, name string, body []byte) {
	object := store.CheckName(name) == nil
	begin := func(op Op) bool {
		err := h.begin(op)
		if err != nil {
			refuse(w, err)
		}
		return err == nil
	}
	switch req.Method {
	case "PROPFIND":
		depth := req.Header.Get("Depth")
		if depth != "0" && depth != "1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if !begin(Op{client, "List", name, 0}) {
			return
		}
		h.propfind(w, client, strings.TrimSuffix(name, "/"), depth == "1")
	case http.MethodGet:
		if object && !begin(Op{client, "Get", name, 0}) {
			return
		}
		data, ok := h.get(client, name)
		if !object || !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		h.answer(w, http.StatusOK, data)
	case http.MethodPut:
		folder, _ := store.SplitPrefix(name)
		h.mu.Lock()
		there := folder == "" || h.isFolder(client, folder)
		if there && !object {
			h.view(client).scratch[name] = body
		}
		h.mu.Unlock()
		switch {
		case !there:
			w.WriteHeader(http.StatusConflict)
		case object:
			if begin(Op{client, "PutNew", name, len(body)}) && !h.put(client, name, body) {
				w.WriteHeader(http.StatusPreconditionFailed)
			}
		default:
			w.WriteHeader(http.StatusCreated)
		}
	case "MOVE":
		u, err := url.Parse(req.Header.Get("Destination"))
		if err != nil || req.Header.Get("Overwrite") != "F" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		to := strings.TrimPrefix(u.Path, "/")
		h.mu.Lock()
		data, ok := h.view(client).scratch[name]
		h.mu.Unlock()
		if !ok || store.CheckName(to) != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if !begin(Op{client, "PutNew", to, len(data)}) {
			return
		}
		if _, taken := h.get(client, to); taken || !h.put(client, to, data) {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		h.mu.Lock()
		delete(h.view(client).scratch, name)
		h.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
	case "MKCOL":
		folder := strings.TrimSuffix(name, "/")
		above, _ := store.SplitPrefix(folder)
		h.mu.Lock()
		defer h.mu.Unlock()
		switch {
		case h.isFolder(client, folder):
			w.WriteHeader(http.StatusMethodNotAllowed)
		case above != "" && !h.isFolder(client, above):
			w.WriteHeader(http.StatusConflict)
		default:
			h.view(client).folders[folder] = true
			w.WriteHeader(http.StatusCreated)
		}
	case http.MethodDelete:
		if !object {
			h.mu.Lock()
			delete(h.view(client).scratch, name)
			h.mu.Unlock()
		} else if begin(Op{client, "Delete", name, 0}) {
			h.remove(client, name)
		} else {
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// isFolder: made as one, or with something in it. The caller holds the lock.
func (h *Hostile) isFolder(client, folder string) bool {
	b := h.view(client)
	if folder == "" || b.folders[folder] {
		return true
	}
	for name := range b.objects {
		if strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return false
}

func (h *Hostile) propfind(w http.ResponseWriter, client, folder string, children bool) {
	files := h.list(client, "")
	h.mu.Lock()
	folders, is := maps.Clone(h.view(client).folders), h.isFolder(client, folder)
	h.mu.Unlock()
	data, isFile := h.get(client, folder)
	if !is && !isFile {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">`)
	element := func(name string, size int) {
		kind, length := "", "<D:getcontentlength>"+strconv.Itoa(size)+"</D:getcontentlength>"
		if size < 0 {
			kind, length = "<D:collection/>", ""
			if name != "" {
				name += "/"
			}
		}
		fmt.Fprintf(&b, `<D:response><D:href>%s</D:href><D:propstat><D:prop><D:resourcetype>%s</D:resourcetype>%s</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`,
			escape((&url.URL{Path: "/" + name}).EscapedPath()), kind, length)
	}
	if isFile {
		element(folder, len(data))
	} else {
		element(folder, -1)
	}
	if children && !isFile {
		under := ""
		if folder != "" {
			under = folder + "/"
		}
		below := map[string]bool{}
		for _, o := range files {
			if rest, ok := strings.CutPrefix(o.Name, under); ok {
				if first, _, deeper := strings.Cut(rest, "/"); deeper {
					below[under+first] = true
				} else {
					element(o.Name, int(o.Size))
				}
			}
		}
		for name := range folders {
			if rest, ok := strings.CutPrefix(name, under); ok && rest != "" {
				first, _, _ := strings.Cut(rest, "/")
				below[under+first] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(below)) {
			element(name, -1)
		}
	}
	b.WriteString(`</D:multistatus>`)
	w.Header().Set("Content-Type", "application/xml")
	h.answer(w, http.StatusMultiStatus, []byte(b.String()))
}

// S3 serves the storage as the bucket of the name Bucket, below a prefix (empty, or ending in '/'), to whoever has an access key;
// signatures are not looked at.
func (h *Hostile) S3(prefix string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := s3Body(req)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h.capture.request(req, body)
		_, client, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
		client, _, _ = strings.Cut(client, "/")
		bucket, key, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
		switch {
		case client == "":
			h.s3Error(w, http.StatusForbidden, "AccessDenied")
		case bucket != Bucket:
			h.s3Error(w, http.StatusNotFound, "NoSuchBucket")
		case key == "" && req.URL.Query().Has("location"):
			h.answer(w, http.StatusOK, []byte(`<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`))
		case key == "" && req.Method == http.MethodGet:
			h.s3List(w, req, client, prefix)
		case key == "":
			w.WriteHeader(http.StatusOK)
		default:
			name, ok := strings.CutPrefix(key, prefix)
			if !ok || store.CheckName(name) != nil {
				h.s3Error(w, http.StatusForbidden, "AccessDenied")
				return
			}
			h.s3Object(w, req, client, name, body)
		}
	})
}

func (h *Hostile) s3Error(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	h.answer(w, status, []byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>no</Message></Error>`))
}

func (h *Hostile) s3Object(w http.ResponseWriter, req *http.Request, client, name string, body []byte) {
	verb := map[string]string{http.MethodGet: "Get", http.MethodHead: "Get", http.MethodPut: "PutNew", http.MethodDelete: "Delete"}[req.Method]
	if verb == "" {
		h.s3Error(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
		return
	}
	if err := h.begin(Op{client, verb, name, len(body)}); err != nil {
		refuse(w, err)
		return
	}
	switch verb {
	case "Get":
		data, ok := h.get(client, name)
		if !ok {
			h.s3Error(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
		w.Header().Set("ETag", `"x"`)
		if req.Method == http.MethodHead {
			data = nil
		}
		h.answer(w, http.StatusOK, data)
	case "PutNew":
		if _, taken := h.get(client, name); taken || !h.put(client, name, body) {
			h.s3Error(w, http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(http.StatusOK)
	case "Delete":
		h.remove(client, name)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *Hostile) s3List(w http.ResponseWriter, req *http.Request, client, under string) {
	query := req.URL.Query()
	prefix, after := query.Get("prefix"), query.Get("continuation-token")
	max, err := strconv.Atoi(query.Get("max-keys"))
	if err != nil || max <= 0 || max > 1000 {
		max = 1000
	}
	rest, _ := strings.CutPrefix(prefix, under)
	if err := h.begin(Op{client, "List", rest, 0}); err != nil {
		refuse(w, err)
		return
	}
	var b strings.Builder
	n, token := 0, ""
	for _, o := range h.list(client, "") {
		key := under + o.Name
		if !strings.HasPrefix(key, prefix) || after != "" && key <= after {
			continue
		}
		if n == max {
			token = "more"
			break
		}
		n++
		after = key
		fmt.Fprintf(&b, `<Contents><Key>%s</Key><Size>%d</Size><ETag>"x"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`, escape(url.QueryEscape(key)), o.Size)
	}
	if token != "" {
		token = "<NextContinuationToken>" + escape(after) + "</NextContinuationToken>"
	}
	w.Header().Set("Content-Type", "application/xml")
	h.answer(w, http.StatusOK, fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>%s</Name><EncodingType>url</EncodingType><KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys><IsTruncated>%v</IsTruncated>%s%s</ListBucketResult>`,
		Bucket, n, max, token != "", token, b.String()))
}

// s3Body reads the body of a request, which over plain HTTP comes in signed pieces.
func s3Body(req *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 64<<20))
	if err != nil || len(body) == 0 || !strings.HasPrefix(req.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return body, err
	}
	var whole []byte
	for r := bufio.NewReader(bytes.NewReader(body)); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return whole, nil
		}
		piece := make([]byte, n+2)
		if _, err := io.ReadFull(r, piece); err != nil {
			return nil, err
		}
		whole = append(whole, piece[:n]...)
	}
}
