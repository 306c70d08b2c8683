module github.com/echo-hypermedia/session/internal/docs

go 1.26.0

replace github.com/echo-hypermedia/session => ../..


require github.com/echo-hypermedia/session v0.0.0
