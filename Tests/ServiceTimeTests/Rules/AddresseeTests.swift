import ServiceTime
import Testing

/// Whom a level is for, and which region that is.
@Suite struct AddresseeTests {
  @Test(arguments: [
    (Level.Addressee.community, "469005101203", "469005101203"), (.town, "469005101203", "469005101"),
    (.city, "469005101203", "469005"), (.window, "469005101203", "469005101203"),
    // No more of the region is known.
    (.community, "469005101", "469005101"), (.community, "4690", "4690"), (.town, "469005", "469005"),
    (.city, "46", "46"), (.town, "469005101", "469005101"), (.window, "46", "46"), (.town, "", ""),
  ])
  func regionAtAHeight(_ addressee: Level.Addressee, _ code: String, _ region: String) {
    #expect(addressee.region(of: code) == region)
  }

  @Test func theNamesArePolicyWords() {
    #expect(Level.Addressee.allCases.map(\.rawValue) == ["window", "community", "town", "city"])
  }
}
