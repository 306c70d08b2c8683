module github.com/echo-hypermedia/session

go 1.26
