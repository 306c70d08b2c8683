package filestore

// What fuzz tests need of the format.
var (
	Encode = encode
	Decode = decode
)

// IsAt is for a moment between two system calls that a test cannot meet.
var IsAt = isAt

const TempPrefix = tempPrefix
