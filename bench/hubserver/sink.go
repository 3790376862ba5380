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

// sink is an S3 server that remembers sizes and metadata, and the content of nothing. It checks no signature.
type sink struct {
	mutex   sync.Mutex
	objects map[string]*stored // by path: bucket and key
	uploads map[string]*stored
}

type stored struct {
	size  int64
	notes http.Header
}

func newSink() *sink { return &sink{objects: map[string]*stored{}, uploads: map[string]*stored{}} }

func newStored(r *http.Request, size int64) *stored {
	notes := http.Header{}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			notes[name] = values
		}
	}
	return &stored{size, notes}
}

type listed struct {
	Key  string
	Size int64
	ETag string
}

type listing struct {
	XMLName  xml.Name `xml:"ListBucketResult"`
	Contents []listed
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
		if upload := s.uploads[path]; upload != nil {
			upload.size += size
		}
	case r.Method == http.MethodPut:
		s.objects[path] = newStored(r, size)
	case r.Method == http.MethodPost && query.Has("uploads"):
		s.uploads[path] = newStored(r, 0)
		fmt.Fprint(w, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
	case r.Method == http.MethodPost && query.Has("uploadId"):
		if upload := s.uploads[path]; upload != nil {
			s.objects[path] = upload
			delete(s.uploads, path)
		}
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"sink"</ETag></CompleteMultipartUploadResult>`)
	case r.Method == http.MethodGet && query.Has("uploads"):
		fmt.Fprint(w, "<ListMultipartUploadsResult/>")
	case r.Method == http.MethodGet && query.Has("list-type"):
		s.list(w, path, query.Get("prefix"))
	case r.Method == http.MethodDelete:
		delete(s.objects, path)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodHead && s.objects[path] != nil:
		s.objects[path].head(w)
		w.Header().Set("Content-Length", fmt.Sprint(s.objects[path].size))
	case r.Method == http.MethodGet && r.Header.Get("Range") == "bytes=0-0" && s.objects[path] != nil:
		s.objects[path].head(w) // to prove that it can be read, one byte is asked for
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-0/%d", s.objects[path].size))
		w.WriteHeader(http.StatusPartialContent)
		w.Write([]byte{0})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *stored) head(w http.ResponseWriter) {
	for name, values := range s.notes {
		w.Header()[name] = values
	}
}

func (s *sink) sizes() map[string]int64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	sizes := map[string]int64{}
	for path, object := range s.objects {
		sizes[strings.TrimPrefix(path, "/")] = object.size
	}
	return sizes
}

func (s *sink) list(w io.Writer, bucket, prefix string) {
	found := listing{}
	for path, object := range s.objects {
		key := strings.TrimPrefix(path, strings.TrimSuffix(bucket, "/")+"/")
		if strings.HasPrefix(key, prefix) {
			found.Contents = append(found.Contents, listed{key, object.size, `"sink"`})
		}
	}
	if err := xml.NewEncoder(w).Encode(found); err != nil {
		return // the client has gone
	}
}
