package filestore

// What fuzz tests need of the format.
var (
	Encode = encode
	Decode = decode
)

const TempPrefix = tempPrefix
