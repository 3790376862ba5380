package main

import (
	"crypto/tls"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

var noHTTP2 = map[string]func(*http.Server, *tls.Conn, http.Handler){}

// sink is an S3 server that remembers sizes, and the content of nothing. It checks no signature.
type sink struct {
	mutex   sync.Mutex
	sizes   map[string]int64 // by path: bucket and key
	uploads map[string]int64
}

func newSink() *sink { return &sink{sizes: map[string]int64{}, uploads: map[string]int64{}} }

type object struct {
	Key  string
	Size int64
	ETag string
}

type listing struct {
	XMLName  xml.Name `xml:"ListBucketResult"`
	Contents []object
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	size, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	query, path := r.URL.Query(), r.URL.Path
	w.Header().Set("ETag", `"sink"`)
	switch {
	case r.Method == http.MethodPut && query.Has("uploadId"):
		s.uploads[path] += size
	case r.Method == http.MethodPut:
		s.sizes[path] = size
	case r.Method == http.MethodPost && query.Has("uploads"):
		s.uploads[path] = 0
		fmt.Fprint(w, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
	case r.Method == http.MethodPost && query.Has("uploadId"):
		s.sizes[path] = s.uploads[path]
		delete(s.uploads, path)
		fmt.Fprint(w, "<CompleteMultipartUploadResult/>")
	case r.Method == http.MethodGet && query.Has("uploads"):
		fmt.Fprint(w, "<ListMultipartUploadsResult/>")
	case r.Method == http.MethodGet && query.Has("list-type"):
		s.list(w, path, query.Get("prefix"))
	case r.Method == http.MethodDelete:
		delete(s.sizes, path)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *sink) list(w io.Writer, bucket, prefix string) {
	found := listing{}
	for path, size := range s.sizes {
		key := strings.TrimPrefix(path, strings.TrimSuffix(bucket, "/")+"/")
		if strings.HasPrefix(key, prefix) {
			found.Contents = append(found.Contents, object{key, size, `"sink"`})
		}
	}
	if err := xml.NewEncoder(w).Encode(found); err != nil {
		return // the client has gone
	}
}
