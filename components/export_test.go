package components

// InForm is for the tests what a named form does.
var InForm = inForm
