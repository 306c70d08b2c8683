package storetest

// rules are the rules of session.Store and of the optional interfaces beside it, shortened to what
// somebody who broke one needs to know.
var rules = [...]string{
	1:  "Read returns the newest record under the key, or ErrNotFound",
	2:  `ErrNotFound is never used for "could not find out"`,
	3:  "Write with rec.Version 0 creates version 1, and is ErrConflict if the key exists",
	4:  "Write with rec.Version n > 0 replaces version n and stores n+1; another version is ErrConflict, no record is ErrNotFound",
	5:  "Destroy removes any version for 0, and none is no error; only version n for n, else ErrConflict, and none is ErrNotFound; what is destroyed never comes back",
	6:  "Touch moves the expiry, never creates, and changes neither data nor version",
	7:  "an expired record is gone for every method; expiries are rounded by at most a second",
	8:  "each method is atomic, and safe for concurrent use",
	9:  "the store keeps its own copy of bytes",
	10: "a cancelled context ends a method early with ctx.Err()",
	11: "errors never contain a key, a tag or data",
	12: "Tag adds an entry or moves its expiry, and all methods find it at once",
	13: "Tagged lists the entries of a tag, each key once",
	14: "Untag removes entries, and missing ones are no error",
	15: "Revoke marks all entries but the excepted, returns the keys of all that are marked, and nothing takes a mark off",
	16: "an entry that is added without being marked is added after the last of the others has been marked",
	17: "an expired entry is gone for every method, and nothing that happens to a record changes an entry",
	18: "data that is too large is ErrTooLarge, and nothing changes",
	19: "a store may be closed twice; after that every method fails, and not with ErrNotFound",
	20: "Seal makes a value of cookie characters that is never the same twice, and neither keeps nor changes rec.Data",
	21: "Open returns what Seal was given for the same name until it expires; anything else is ErrNotFound",
	22: "the Store methods of a Sealer return errors.ErrUnsupported, and it is not a Tagger",
	23: "Keys yields the key of every live record once, and of nothing that was never a record",
	24: "whoever loops over Keys may call any method in between",
	25: "an error comes with no key and last, that of a context before any other key; a loop may be left, and another one begins anew",
	26: "Peek answers as Read does, and what it has given out stays as it was",
	27: "Keep does what Write does, and the store does not change what it was given",
	28: "Renew answers as Read does, and moves the expiry of a record that expires when that is due",
}
