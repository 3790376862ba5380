// Command hubserver is a fast stand-in for the benchmark: a Hub with one model, the second origin of its large files,
// and an S3 server that forgets what it is sent. All speak TLS.
//
//	hubserver -cert FILE -key FILE -commit HEX PATH=SIZE...
//
// It prints one line, `{"hub": URL, "sink": URL}`, and answers GET /counts with the requests since the last time, and
// GET /held with the sizes of what the S3 server was sent, by bucket and key.
package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	repo   = "/acme/model"
	period = 1_048_573 // prime, so that a piece in the wrong place never fits
	small  = 1 << 20   // from here on a file is a large one
)

var (
	block                     [2 * period]byte
	hubRequests, fileRequests atomic.Int64
)

// file is content that takes no memory: a block of noise, repeated.
type file struct {
	path   string
	size   int64
	sha256 string
	blob   string // what Git calls it, or the pointer to it
}

func newFile(path string, size int64) *file {
	f := &file{path: path, size: size}
	f.sha256 = f.digest(sha256.New())
	git := sha1.New()
	if f.large() {
		pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", f.sha256, size)
		fmt.Fprintf(git, "blob %d\x00%s", len(pointer), pointer)
		f.blob = hex.EncodeToString(git.Sum(nil))
	} else {
		fmt.Fprintf(git, "blob %d\x00", size)
		f.blob = f.digest(git)
	}
	return f
}

func (f *file) large() bool { return f.size >= small }

func (f *file) digest(h hash.Hash) string {
	f.write(h, 0, f.size)
	return hex.EncodeToString(h.Sum(nil))
}

func (f *file) write(w io.Writer, start, end int64) {
	for at := start; at < end; {
		inside := at % period
		n := min(end-at, period)
		if _, err := w.Write(block[inside : inside+n]); err != nil {
			return // the client has gone
		}
		at += n
	}
}

// serve answers with the file, or the one range of it that was asked for.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	start, end, status := int64(0), f.size, http.StatusOK
	if asked, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		first, last, _ := strings.Cut(asked, "-")
		start, _ = strconv.ParseInt(first, 10, 64)
		if to, err := strconv.ParseInt(last, 10, 64); err == nil {
			end = min(end, to+1)
		}
		if start >= end {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end-1, f.size))
		status = http.StatusPartialContent
	}
	w.Header().Set("Accept-Ranges", "bytes")
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(end-start, 10))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		f.write(w, start, end)
	}
}

// hub is the API and the resolver of one model at one commit.
type hub struct {
	commit, files string
	held          []*file
	sink          *sink
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/counts":
		answer(w, map[string]int64{"hub": hubRequests.Swap(0), "files": fileRequests.Swap(0)})
		return
	case "/held":
		answer(w, h.sink.sizes())
		return
	}
	hubRequests.Add(1)
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/api/models"+repo+"/tree/"+h.commit):
		answer(w, h.rows())
	case strings.HasPrefix(path, "/api/models"+repo):
		answer(w, map[string]any{"id": repo[1:], "sha": h.commit, "siblings": h.siblings()})
	default:
		h.resolve(w, r)
	}
}

func (h *hub) resolve(w http.ResponseWriter, r *http.Request) {
	path, _ := strings.CutPrefix(r.URL.Path, repo+"/resolve/"+h.commit+"/")
	f := find(h.held, path)
	if f == nil {
		w.Header().Set("X-Error-Code", "EntryNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("X-Repo-Commit", h.commit)
	if !f.large() {
		w.Header().Set("ETag", `"`+f.blob+`"`)
		f.serve(w, r)
		return
	}
	w.Header().Set("X-Linked-Etag", `"`+f.sha256+`"`)
	w.Header().Set("X-Linked-Size", strconv.FormatInt(f.size, 10))
	w.Header().Set("Location", h.files+"/"+path)
	w.WriteHeader(http.StatusFound)
}

func (h *hub) rows() []map[string]any {
	rows := []map[string]any{}
	for _, f := range h.held {
		row := map[string]any{"type": "file", "path": f.path, "size": f.size, "oid": f.blob}
		if f.large() {
			row["lfs"] = map[string]any{"oid": f.sha256, "size": f.size, "pointerSize": 134}
		}
		rows = append(rows, row)
	}
	return rows
}

func (h *hub) siblings() []map[string]any {
	names := []map[string]any{}
	for _, f := range h.held {
		names = append(names, map[string]any{"rfilename": f.path})
	}
	return names
}

func find(held []*file, path string) *file {
	for _, f := range held {
		if f.path == path {
			return f
		}
	}
	return nil
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print(err)
	}
}

// listen serves TLS on a free port of the loopback.
func listen(cert, key string, handler http.Handler) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, TLSNextProto: noHTTP2}
	go func() { log.Fatal(server.ServeTLS(listener, cert, key)) }()
	return "https://" + listener.Addr().String()
}

func main() {
	cert, key := flag.String("cert", "", "PEM file"), flag.String("key", "", "PEM file")
	commit := flag.String("commit", "", "40 hex digits")
	flag.Parse()
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range period {
		block[i] = byte(noise.Uint32())
	}
	copy(block[period:], block[:period])
	h := &hub{commit: *commit, sink: newSink()}
	for _, arg := range flag.Args() {
		path, count, _ := strings.Cut(arg, "=")
		size, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		h.held = append(h.held, newFile(path, size))
	}
	h.files = listen(*cert, *key, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fileRequests.Add(1)
		if f := find(h.held, r.URL.Path[1:]); f != nil {
			f.serve(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	urls := map[string]string{"hub": listen(*cert, *key, h), "sink": listen(*cert, *key, h.sink)}
	if err := json.NewEncoder(os.Stdout).Encode(urls); err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // lives as long as whoever started it
		log.Fatal(err)
	}
}
