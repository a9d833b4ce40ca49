import Testing

/// Expects rows as text, and shows both where they differ: `#expect` shows no value of what it awaits.
func expectRows(_ got: [String], _ wanted: [String], sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(got == wanted, sourceLocation: sourceLocation)
}
