package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// Client asks the daemon of one mount. Errors: [*UnreachableError] if no
// daemon answers, [*Error] if it refuses, else those of the connection.
type Client struct {
	socket string
	http   *http.Client
	pid    atomic.Int32
}

// NewClient makes a client for a control socket. It doesn't connect yet.
func NewClient(socket string) *Client {
	c := &Client{socket: socket}
	c.http = &http.Client{Transport: &http.Transport{DialContext: c.dial}}
	return c
}

// Socket is the path of the control socket.
func (c *Client) Socket() string { return c.socket }

// DaemonPID is the process id of the daemon that answered last; 0 if none did
// or if it lives in another pid namespace.
func (c *Client) DaemonPID() int { return int(c.pid.Load()) }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var conn net.Conn
	err := withShortPath(c.socket, func(path string) (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, "unix", path)
		return err
	})
	if err != nil {
		return nil, &UnreachableError{Socket: c.socket, Err: err}
	}
	if cred, err := peerCred(conn); err == nil {
		c.pid.Store(cred.Pid)
	}
	return conn, nil
}

// Status asks for the report about a path within the mount.
func (c *Client) Status(ctx context.Context, path string, tree bool) (*Report, error) {
	q := url.Values{"path": {EscapePath(path)}}
	if tree {
		q.Set("tree", "1")
	}
	rep := new(Report)
	return rep, c.get(ctx, "/v1/status", q, rep)
}

// Which asks where an object is and belongs.
func (c *Client) Which(ctx context.Context, path string) (*Which, error) {
	w := new(Which)
	return w, c.get(ctx, "/v1/which", url.Values{"path": {EscapePath(path)}}, w)
}

// Wait waits as [Service.Wait] says; progress may be nil.
func (c *Client) Wait(ctx context.Context, path string, progress func(Progress)) (*WaitResult, error) {
	res := new(WaitResult)
	return res, c.post(ctx, "/v1/wait", url.Values{"path": {EscapePath(path)}}, nil, progress, res)
}

// Drain drains as [Service.Drain] says; progress may be nil.
func (c *Client) Drain(ctx context.Context, timeout time.Duration, progress func(Progress)) (*Left, error) {
	q := url.Values{"timeout": {strconv.FormatFloat(timeout.Seconds(), 'f', -1, 64)}}
	res := new(Left)
	return res, c.post(ctx, "/v1/drain", q, nil, progress, res)
}

// Umount ends the mount as [Service.Umount] says; progress may be nil.
func (c *Client) Umount(ctx context.Context, o UmountOptions, progress func(Progress)) (*UmountResult, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode umount options: %w", err)
	}
	res := new(UmountResult)
	return res, c.post(ctx, "/v1/umount", nil, body, progress, res)
}

func (c *Client) get(ctx context.Context, path string, q url.Values, v any) error {
	body, err := c.do(ctx, http.MethodGet, path, q, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(v); err != nil {
		return fmt.Errorf("decode answer of the seamfs daemon: %w", err)
	}
	return nil
}

func (c *Client) post(ctx context.Context, path string, q url.Values, body []byte, progress func(Progress), result any) error {
	r, err := c.do(ctx, http.MethodPost, path, q, body)
	if err != nil {
		return err
	}
	defer r.Close()
	return readEvents(r, progress, result)
}

// do sends a request and returns the body of a good answer. The host of the
// URL means nothing: dial always takes the socket.
func (c *Client) do(ctx context.Context, method, path string, q url.Values, body []byte) (io.ReadCloser, error) {
	u := url.URL{Scheme: "http", Host: "seamfs", Path: path, RawQuery: q.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unwrapURL(err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var ev Event
	if err := json.NewDecoder(resp.Body).Decode(&ev); err != nil || ev.Error == nil {
		return nil, fmt.Errorf("the seamfs daemon answered %s", resp.Status)
	}
	return nil, ev.Error
}

// unwrapURL drops net/http's wrapping, which names an invented URL.
func unwrapURL(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}
