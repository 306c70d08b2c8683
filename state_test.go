package session_test

import (
	"strings"
	"testing"

	"github.com/echo-hypermedia/session"
)

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0})
	f.Add([]byte("\x01\x05\x06\x01\x00\x01\x02\x03\x04\x05\x06\x07\x08v\x01a\x011"))
	f.Add([]byte("\x02"))
	for _, data := range hostileStates {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if same, err := session.DecodeAgain(data); err == nil && !same {
			t.Errorf("%q is another state after a round trip", data)
		}
	})
}

func FuzzEncodeState(f *testing.F) {
	f.Add(int64(1), int64(2), uint64(3), uint64(4), "vo", []byte("key"), []byte("value"))
	f.Add(int64(-1), int64(1<<62), ^uint64(0), uint64(0), "", []byte(nil), []byte("\xff"))
	f.Fuzz(func(t *testing.T, created, deadline int64, producer, seq uint64, kinds string, key, val []byte) {
		if !session.EncodeDecode(created, deadline, producer, seq, kinds, key, val) {
			t.Error("the state comes back as another one")
		}
	})
}

// hostileStates are short, but claim to contain a lot.
var hostileStates = []string{
	"\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",                  // as many writers as there are numbers
	"\x01\x00\x00\x00v\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",             // a key of that length
	"\x01\x00\x00\x00v\x00\xff\xff\xff\xff\x0f",                             // a value of 4 GB
	"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",                  // a number that does not end
	"\x01\x00\x00\x00" + strings.Repeat("v\x00\x00", 1000),                  // many small entries
	"\x01\x00\x00\xff\x07" + strings.Repeat("\x00\x00\x00\x00\x00", 100),    // more writers than room
	"\x01\x00\x00\x00v\x00\xf4\xff\xff\xff\xff\xff\xff\xff\xff\x01",         // a value that ends where its entry begins
	"\x01\x00\x00\x00v\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", // a length that overflows
}

func Test_that_a_record_that_is_cut_off_is_corrupt(t *testing.T) {
	const head, entry = "\x01\x05\x06\x01" + "\x00\x01\x02\x03\x04\x05\x06\x07\x08", "v\x01a\x011"
	data := []byte(head + entry + entry)
	for i := range len(data) + 1 {
		ends := i >= len(head) && (i-len(head))%len(entry) == 0
		if _, err := session.DecodeAgain(data[:i:i]); (err == nil) != ends {
			t.Errorf("%d bytes: got %v", i, err)
		}
	}
}

func Test_that_a_record_of_no_format_is_corrupt(t *testing.T) {
	if _, err := session.DecodeAgain([]byte("\x00\x00\x00\x00v\x01a\x011")); err == nil {
		t.Error("it is read")
	}
}

// A store in memory shares the bytes of its records.
func Test_that_appending_to_a_value_does_not_reach_its_neighbour(t *testing.T) {
	hasRoom, err := session.HasRoom([]byte("\x01\x00\x00\x00v\x01a\x011v\x01b\x00v\x01c\x012"))
	if hasRoom || err != nil {
		t.Errorf("there is room behind a key or a value: %t, %v", hasRoom, err)
	}
}

func Test_that_garbage_does_not_take_memory(t *testing.T) {
	for _, data := range hostileStates {
		before := allocated()
		_, _ = session.DecodeAgain([]byte(data))
		if n := allocated() - before; n > 1<<20 {
			t.Errorf("%.20q takes %d bytes", data, n)
		}
	}
}
