/// Where an applicant belongs.
struct Place: Sendable {
  /// Region code of 9 or 12 digits.
  let region: String
  /// The residents' group, where the community is known.
  let grid: String?
  /// The town's name.
  let town: String
  /// The window to which it comes.
  let window: String

  init(_ random: inout RandomStream) {
    let town = Wenchang.towns[random.weighted(Wenchang.weights)]
    let community = town.communities[random.below(town.communities.count)]
    // Not every system knows the community.
    let known = random.chance(700)
    region = known ? community.code : town.code
    grid = known ? community.groups[random.below(community.groups.count)] : nil
    self.town = town.name
    window = town.windows[random.below(town.windows.count)]
  }
}
