// SPDX-License-Identifier: Apache-2.0

// The contract (../README.md) under net/http/fcgi, on the listening socket at descriptor 0.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/fcgi"
	"os"
	"strconv"
	"strings"
	"time"
)

var rest = func() []byte {
	bytes := make([]byte, 65536)
	for i := range bytes {
		bytes[i] = byte(i*7 + i/256)
	}
	return bytes[16:]
}()

func sendPattern(w http.ResponseWriter, size int, declared bool) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if declared {
		w.Header().Set("Content-Length", strconv.Itoa(size))
	}
	for block := 0; size > 0; block, size = block+1, size-65536 {
		bytes := append([]byte(fmt.Sprintf("%016d", block)), rest...)
		if size < len(bytes) {
			bytes = bytes[:size]
		}
		w.Write(bytes)
	}
}

// net/http/fcgi turns HTTP_ params into header fields and keeps the others apart.
func paramLine(r *http.Request, name string) string {
	value, present := fcgi.ProcessEnv(r)[name]
	if field := strings.TrimPrefix(name, "HTTP_"); field != name {
		values := r.Header.Values(strings.ReplaceAll(field, "_", "-"))
		value, present = strings.Join(values, ""), len(values) > 0
	}
	if !present {
		return name + " absent\n"
	}
	return name + "=" + value + "\n"
}

// What the application sees of its body, for those who cannot be answered any more.
func witness(r *http.Request, line string) {
	path, present := fcgi.ProcessEnv(r)["WITNESS"]
	if !present {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err == nil {
		fmt.Fprintln(file, line)
		file.Close()
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	w.Header().Set("Content-Type", "text/plain")
	switch query.Get("case") {
	case "params":
		for _, name := range strings.Split(query.Get("names"), ",") {
			io.WriteString(w, paramLine(r, name))
		}
	case "post":
		digest := sha256.New()
		length, err := io.Copy(digest, r.Body)
		if err != nil {
			witness(r, fmt.Sprintf("error %v", err))
		} else {
			witness(r, fmt.Sprintf("read %d", length))
		}
		fmt.Fprintf(w, "%d %x\n", length, digest.Sum(nil))
	case "unread":
		io.WriteString(w, "unread\n")
	case "head":
		w.Header().Set("Content-Length", "6")
		w.Header().Set("X-Method", r.Method)
		io.WriteString(w, "whole\n")
	case "unmodified":
		w.Header().Set("ETag", `"contract"`)
		w.WriteHeader(http.StatusNotModified)
	case "missing":
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "missing\n")
	case "redirect":
		w.Header().Set("Location", "http://elsewhere.example/there?a=1")
		w.WriteHeader(http.StatusFound)
		io.WriteString(w, "elsewhere\n")
	case "cookies":
		for _, value := range []string{"a=1", "b=2; Path=/", "c=3"} {
			w.Header().Add("Set-Cookie", value)
		}
		io.WriteString(w, "cookies\n")
	case "stderr":
		lines, _ := strconv.Atoi(query.Get("lines"))
		for line := 1; line <= lines; line++ {
			fmt.Fprintf(os.Stderr, "stderr line %d\n", line)
		}
		io.WriteString(w, "stderr\n")
	case "down":
		size, _ := strconv.Atoi(query.Get("size"))
		sendPattern(w, size, query.Get("length") == "1")
	case "sleep":
		milliseconds, _ := strconv.Atoi(query.Get("ms"))
		time.Sleep(time.Duration(milliseconds) * time.Millisecond)
		fmt.Fprintf(w, "slept %d\n", milliseconds)
	case "id":
		w.Header().Set("X-Token", query.Get("token"))
		io.WriteString(w, query.Get("token")+"\n")
	default:
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "no such case\n")
	}
}

func main() {
	log.Fatal(fcgi.Serve(nil, http.HandlerFunc(answer)))
}
