package feed

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// special are networks inside those that are otherwise public which lead
// elsewhere (https://www.iana.org/assignments/iana-ipv4-special-registry and
// iana-ipv6-special-registry).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", // Teredo and 6to4 carry IPv4 addresses inside
)

var (
	global6 = netip.MustParsePrefix("2000::/3")     // all that is assigned of IPv6
	nat64   = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address in its last four bytes
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// public reports whether an address is on the public internet. Whatever is not
// known to be is not.
func public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		return public(netip.AddrFrom4([4]byte(b[12:])))
	}
	if a.Is6() && !global6.Contains(a) {
		return false
	}
	return a.IsValid() && !within(special, a)
}

func within(nets []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

// forbidden says that an address may not be reached.
type forbidden struct{ addr netip.Addr }

func (e *forbidden) Error() string {
	return fmt.Sprintf("%s is not a public address; if it is meant, allow it with sources_allow_private", e.addr)
}

// dialer connects to public addresses, and to those of allowed. The check stands
// where the name is resolved already and nothing can come between.
func dialer(allowed []netip.Prefix) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("read the address: %w", err)
		}
		if a := to.Addr(); !public(a) && !within(allowed, a.Unmap()) {
			return &forbidden{a}
		}
		return nil
	}}
	return d.DialContext
}
