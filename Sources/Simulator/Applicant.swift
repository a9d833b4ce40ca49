/// The entity a case is about.
struct Applicant: Sendable {
  let type: EntityType
  let name: String
  /// Its credit code; an opening has one only once the licence is issued.
  let creditCode: String

  init(_ type: EntityType, in place: Place, _ random: inout RandomStream) {
    self.type = type
    name = EntityNames.name(of: type, town: place.town, &random)
    creditCode = CreditCodeIssuer.code(for: type, &random)
  }
}
