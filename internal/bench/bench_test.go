package main

import (
	"log/slog"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	slog.SetDefault(silent) // some peers log what verify does to them
	status := m.Run()
	stopRedis()
	os.Exit(status)
}

func Test_that_all_peers_do_what_is_timed(t *testing.T) {
	for _, p := range peers {
		t.Run(p.store+"/"+p.name, func(t *testing.T) {
			for _, s := range scenarios {
				if s.sessions > 0 || !s.of(p) {
					continue
				}
				t.Run(s.name, func(t *testing.T) {
					sent, err := (&row{peer: p, scenario: s}).traffic()
					ok(t, err)
					if sets := sent.setCookie > 0; sets != p.setsIn(s) {
						t.Errorf("sets a cookie: %t; want %t", sets, !sets)
					}
				})
			}
		})
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSession(b *testing.B) {
	for _, r := range rows() {
		b.Run(r.name(), func(b *testing.B) {
			ok(b, r.start())
			defer r.close()
			b.ResetTimer()
			r.time(b)
		})
	}
}
