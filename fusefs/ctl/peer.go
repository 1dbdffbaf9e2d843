package ctl

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerKey is the context key of a connection's peer.
type peerKey struct{}

// peer is who opened a connection, or why that isn't known.
type peer struct {
	uid uint32
	pid int32
	err error
}

// withPeer notes the peer of a new connection in its context.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	p := peer{}
	if cred, err := peerCred(c); err != nil {
		p.err = err
	} else {
		p.uid, p.pid = cred.Uid, cred.Pid
	}
	return context.WithValue(ctx, peerKey{}, p)
}

// peerCred asks the kernel who is at the other end.
func peerCred(c net.Conn) (*unix.Ucred, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.New("not a unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("reach socket of peer: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return nil, fmt.Errorf("identify peer: %w", err)
	}
	return cred, nil
}

// permit tells whether the peer of a request may control the mount.
func permit(ctx context.Context, owner int) error {
	p, ok := ctx.Value(peerKey{}).(peer)
	if !ok {
		return fmt.Errorf("peer of the control socket is unknown: %w", unix.EPERM)
	}
	if p.err != nil {
		return fmt.Errorf("%w: %w", unix.EPERM, p.err)
	}
	if p.uid != 0 && int(p.uid) != owner {
		return fmt.Errorf("only root and uid %d may control this mount: %w", owner, unix.EPERM)
	}
	return nil
}
