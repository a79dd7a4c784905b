internal import Foundation
internal import ServiceKit

/// Reads recipes and the prompts they name.
package struct RecipeLoader: Sendable {
  private let loader: ConfigurationLoader

  /// Takes the variables that a recipe may name as `${NAME}`.
  package init(environment: [String: String]) {
    loader = ConfigurationLoader(environment: environment)
  }

  /// Reads a recipe; the prompts' path becomes absolute.
  /// - Throws: `settings` naming file and key path.
  package func load(path: String) throws(OperationsError) -> Recipe {
    var recipe: Recipe
    do throws(ServiceKitError) {
      recipe = try loader.load(Recipe.self, from: path)
    } catch {
      if case .configuration(let file, let keyPath, let reason) = error {
        throw .settings(file: file, keyPath: keyPath, reason: reason)
      }
      throw .settings(file: path, keyPath: "", reason: "\(error)")
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    recipe.prompts.file =
      URL(fileURLWithPath: recipe.prompts.file, relativeTo: folder)
      .standardizedFileURL.path
    return recipe
  }

  /// Reads the prompts of a recipe and splits them.
  /// - Throws: `settings` naming the recipe when no prompt is held out, `input` naming the line.
  package func prompts(
    of recipe: Recipe,
    recipePath: String
  ) throws(OperationsError) -> PromptSplit {
    guard FileManager.default.fileExists(atPath: recipe.prompts.file) else {
      throw .settings(
        file: recipePath,
        keyPath: "prompts.file",
        reason: "there is no file \(recipe.prompts.file)"
      )
    }
    let prompts = try PromptFile.read(path: recipe.prompts.file)
    let split = PromptSplit(
      prompts,
      heldOutShare: recipe.prompts.heldOutShare,
      seed: UInt64(recipe.seed)
    )
    guard !split.training.isEmpty, !split.heldOut.isEmpty else {
      throw .settings(
        file: recipePath,
        keyPath: "prompts.held_out_share",
        reason: "\(prompts.count) prompts leave nothing to train on or to hold out"
      )
    }
    return split
  }
}
