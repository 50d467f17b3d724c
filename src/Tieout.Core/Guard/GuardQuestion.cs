namespace Tieout.Core.Guard;

/// <summary>What a service asks before it does something that cannot be undone.</summary>
/// <param name="Action">See <see cref="ActionPattern.IsAction"/>.</param>
/// <param name="Nonce">Of this one call: the envelope's operation may use it once. Null: the call may be made again.</param>
public sealed record GuardQuestion(string Action, GuardResource Resource, string? Nonce = null);

/// <param name="Type">For example <c>volume</c>.</param>
/// <param name="Owner">The org that it belongs to; null: nobody knows.</param>
public sealed record GuardResource(string Type, string Id, string? Owner);
