package components

// InForm shows the tests what a named form does.
var InForm = inForm
