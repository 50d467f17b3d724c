namespace Tieout.Server.Errors;

/// <summary>One row of the error catalogue.</summary>
/// <param name="Code">Stable, snake_case. Clients switch on it, so a released code is never renamed or reused.</param>
/// <param name="Title">Same for every occurrence; says what, not which.</param>
/// <param name="OpenAiType">What OpenAI's own errors of this kind bear as <c>type</c>; their SDKs and users switch on it.</param>
public sealed record ApiError(string Code, int Status, string Title, string OpenAiType = ApiError.InvalidRequestType)
{
    private const string InvalidRequestType = "invalid_request_error";
    private const string QuotaType = "insufficient_quota";
    private const string ServerType = "server_error";

    // Who asks.
    public static readonly ApiError InvalidApiKey = new("invalid_api_key", 401, "The API key is not known, is blocked or has expired.");
    public static readonly ApiError Unauthorized = new("unauthorized", 401, "The admin token is missing or wrong.");

    public static readonly ApiError Forbidden = new("forbidden", 403, "The credential does not allow this.");

    public static readonly ApiError ScopeNotAllowed = new("scope_not_allowed", 403, "The key may not be used for this kind of work.");
    public static readonly ApiError ModelNotAllowed = new("model_not_allowed", 403, "The key may not ask for this model.");

    public static readonly ApiError AddressNotAllowed = new("address_not_allowed", 403, "The key may not be used from this address.");
    public static readonly ApiError TagPinned = new("tag_pinned", 403, "The key's requests have another value of this tag.");

    // What is asked.
    public static readonly ApiError BodyMalformed = new("body_malformed", 400, "The body is not what this address takes.");
    public static readonly ApiError BodyTooLarge = new("body_too_large", 413, "The body is larger than the server accepts.");
    public static readonly ApiError HeaderInvalid = new("header_invalid", 400, "A header has a value that is not accepted.");
    public static readonly ApiError ParameterInvalid = new("parameter_invalid", 400, "A parameter has a value that is not accepted.");
    public static readonly ApiError NotFound = new("not_found", 404, "There is nothing at this address.");
    public static readonly ApiError AmountInvalid = new("amount_invalid", 400, "An amount is not written as amounts are.");
    public static readonly ApiError TeamNotFound = new("team_not_found", 404, "There is no such team.");
    public static readonly ApiError ProjectNotFound = new("project_not_found", 404, "There is no such project.");
    public static readonly ApiError TokenNotFound = new("token_not_found", 404, "There is no such token.");
    public static readonly ApiError KeyNotFound = new("key_not_found", 404, "There is no such key.");
    public static readonly ApiError OperationNotFound = new("operation_not_found", 404, "There is no such operation.");
    public static readonly ApiError TraceNotFound = new("trace_not_found", 404, "The ledger has nothing under this id.");
    public static readonly ApiError IncidentNotFound = new("incident_not_found", 404, "There is no such incident.");
    public static readonly ApiError IncidentClosed = new("incident_closed", 409, "The incident is closed.");
    public static readonly ApiError PriceNotFound = new("price_not_found", 404, "No price list has this model.");
    public static readonly ApiError PriceListInvalid = new("price_list_invalid", 400, "The file is not a price list of the format named.");
    public static readonly ApiError FileInvalid = new("file_invalid", 400, "The file cannot be read for certain, so it is not compared.");
    public static readonly ApiError SurfaceNotFound = new("surface_not_found", 404, "The configuration has no such surface.");
    public static readonly ApiError SurfaceUnreadable = new("surface_unreadable", 502, "The other book cannot be read, so it is not compared.", ServerType);
    public static readonly ApiError InvoiceNotFound = new("invoice_not_found", 404, "There is no such invoice or credit note.");
    public static readonly ApiError InvoiceFinal = new("invoice_final", 409, "The invoice is final: it never changes.");
    public static readonly ApiError CreditTooLarge = new("credit_too_large", 409, "More would be given back than the invoice came to.");
    public static readonly ApiError WebhookInvalid = new("webhook_invalid", 400, "The webhook cannot be set up like this.");
    public static readonly ApiError WebhookNotFound = new("webhook_not_found", 404, "There is no such webhook.");
    public static readonly ApiError MethodNotAllowed = new("method_not_allowed", 405, "This address does not answer that method.");
    public static readonly ApiError ModelNotFound = new("model_not_found", 404, "No such model is offered here.");
    public static readonly ApiError ModelNotPriced = new("model_not_priced", 404, "The model has no price, and the policy refuses models without one.");

    // Who it is for.
    public static readonly ApiError EnvelopeRefused = new("envelope_refused", 403, "The identity envelope is not one of ours, or not unchanged.");
    public static readonly ApiError EnvelopeRevoked = new("envelope_revoked", 403, "The identity envelope was signed with a key that is revoked.");
    public static readonly ApiError EnvelopeRequired = new("envelope_required", 403, "A worker's key spends only with a tenant's envelope.");
    public static readonly ApiError EnvelopeExpired = new("envelope_expired", 403, "The identity envelope has expired and authorises nothing any more.");
    public static readonly ApiError IdentityRebind = new("identity_rebind", 403, "The cost would be bound to another tenant than the one it belongs to.");
    public static readonly ApiError EnvelopeInvalid = new("envelope_invalid", 400, "No envelope can be issued like this.");
    public static readonly ApiError EnvelopeKeyNotFound = new("envelope_key_not_found", 404, "There is no such envelope key.");
    public static readonly ApiError EnvelopeKeyState = new("envelope_key_state", 409, "The states of an envelope key only go forward: active, verify_only, revoked.");
    public static readonly ApiError EnvelopesOff = new("envelopes_off", 503, "This server has no envelope secret, so it issues nothing.", ServerType);

    // What is handed in as used.
    public static readonly ApiError TooManyItems = new("too_many_items", 413, "The call has more items than one call may have.");
    public static readonly ApiError MediaTypeUnsupported = new("media_type_unsupported", 415, "The body is in a form that this address does not read.");
    public static readonly ApiError ItemInvalid = new("item_invalid", 400, "The item is not a usage that can be charged.");
    public static readonly ApiError RuntimeInvalid = new("runtime_invalid", 400, "The app instance or allocation cannot be followed like this.");
    public static readonly ApiError RuntimeNotFound = new("runtime_not_found", 404, "There is no such app instance or allocation.");
    public static readonly ApiError RuntimeActive = new("runtime_active", 409, "The app instance or allocation runs, or is not charged to its end.");
    public static readonly ApiError RuntimeRetired = new("runtime_retired", 409, "The app instance or allocation is retired: nothing more happens to it.");
    public static readonly ApiError ActivityTooLate = new("activity_too_late", 409, "The activity is too long ago to be metered.");
    public static readonly ApiError UsageMissing = new("usage_missing", 400, "Nothing says what was used.");

    // What the ledger refuses; see RefusalErrors.
    public static readonly ApiError IdReused = new("id_reused", 409, "This id already names something else.");
    public static readonly ApiError NameInvalid = new("name_invalid", 400, "A name has characters or a length that names may not have.");
    public static readonly ApiError AmountNotPositive = new("amount_not_positive", 400, "The amount must be above zero.");
    public static readonly ApiError CountTooLarge = new("count_too_large", 400, "A count is larger than one usage record may have.");
    public static readonly ApiError AmountTooLarge = new("amount_too_large", 400, "The amount is larger than one command may carry.");
    public static readonly ApiError OrgNotFound = new("org_not_found", 404, "There is no such org.");
    public static readonly ApiError BudgetInvalid = new("budget_invalid", 400, "The budget cannot be set like this.");
    public static readonly ApiError PeriodNotOver = new("period_not_over", 409, "The period is not over yet.");
    public static readonly ApiError AlreadyExpired = new("already_expired", 400, "The expiry lies in the past.");
    public static readonly ApiError OccurredInFuture = new("occurred_in_future", 400, "The usage is said to occur in the future.");
    public static readonly ApiError PostingNotFound = new("posting_not_found", 404, "There is no such posting.");
    public static readonly ApiError PostingNotCorrectable = new("posting_not_correctable", 409, "Postings of this kind are not corrected.");
    public static readonly ApiError PostingReversed = new("posting_reversed", 409, "The posting is reversed already.");
    public static readonly ApiError FindingNotFound = new("finding_not_found", 404, "There is no such finding now.");
    public static readonly ApiError FindingNotDecidable = new("finding_not_decidable", 409, "The finding is not ended like this.");
    public static readonly ApiError DecisionNeeded = new("decision_needed", 409, "Only a person can say what is right.");
    public static readonly ApiError ApprovalRequired = new("approval_required", 403, "A second person must approve this.");
    public static readonly ApiError AdjustmentsFrozen = new("adjustments_frozen", 409, "Money of this org must not be moved by hand now.");
    public static readonly ApiError ReasonNeeded = new("reason_needed", 400, "Above the approval limit a reason is required.");
    public static readonly ApiError ProposalNotFound = new("proposal_not_found", 404, "There is no such proposal.");
    public static readonly ApiError ProposalDiffers = new("proposal_differs", 409, "The proposal says something else than the approval.");
    public static readonly ApiError ProposalClosed = new("proposal_closed", 409, "The proposal was approved or rejected before.");
    public static readonly ApiError ProposalOwn = new("proposal_own", 403, "Nobody approves their own proposal.");
    public static readonly ApiError ProposalExpired = new("proposal_expired", 409, "The proposal has expired.");
    public static readonly ApiError GrantNotFound = new("grant_not_found", 404, "There is no such grant.");
    public static readonly ApiError GrantNotExpired = new("grant_not_expired", 409, "The grant has not expired yet.");
    public static readonly ApiError HoldNotFound = new("hold_not_found", 404, "There is no such hold.");
    public static readonly ApiError HoldEnded = new("hold_ended", 409, "The hold has ended already.");
    public static readonly ApiError HoldNotExpired = new("hold_not_expired", 409, "The hold has not expired yet.");
    public static readonly ApiError ScopeChanged = new("scope_changed", 409, "The usage is for another scope than its hold.");
    public static readonly ApiError ObjectNotFound = new("object_not_found", 404, "There is no such stored response, file or batch.");
    public static readonly ApiError LineageMoved = new("lineage_moved", 409, "Other attempts of the operation came first, again and again. Try again.");
    public static readonly ApiError InsufficientBalance = new("insufficient_balance", 402, "The balance does not cover what the request may cost.", QuotaType);
    public static readonly ApiError BudgetExhausted = new("budget_exhausted", 402, "A budget does not cover what the request may cost.", QuotaType);

    // What there is too much of.
    public static readonly ApiError OccupancyExceeded = new("occupancy_exceeded", 429, "The caller or its org occupies as much of the server as it may.", "requests");
    public static readonly ApiError TooManyAttempts = new("too_many_attempts", 429, "Too many wrong credentials came from the address.", "requests");
    public static readonly ApiError ServerBusy = new("server_busy", 503, "All callers together occupy as much of the server as they may.", ServerType);
    public static readonly ApiError ReadTooLong = new("read_too_long", 503, "The read took longer than one read may take.", ServerType);
    public static readonly ApiError TooManyOpenHolds = new("too_many_open_holds", 429, "The org has as many open holds as it may have.", "requests");
    public static readonly ApiError TooManySettings = new("too_many_settings", 409, "The org has as many settings of this kind as it may have.");
    public static readonly ApiError TooManySteps = new("too_many_steps", 409, "The lineage of the envelope has as many steps as it may have.");
    public static readonly ApiError TooManyObjects = new("too_many_objects", 409, "The org keeps as many files and batches as it may.");
    public static readonly ApiError RateLimited = new("rate_limit_exceeded", 429, "A limit on requests, tokens or requests at the same time is reached.", "requests");

    // What the world or we did wrong.
    public static readonly ApiError StoreUnavailable = new("store_unavailable", 503, "The ledger cannot be written now, so nothing is spent.", ServerType);
    public static readonly ApiError CommandQuarantined = new("command_quarantined", 500, "A fault of the ledger kept the command from being carried out. The command is recorded in quarantine.", ServerType);
    public static readonly ApiError UpstreamUnreachable = new("upstream_unreachable", 502, "The provider cannot be reached.", ServerType);
    public static readonly ApiError UpstreamFailed = new("upstream_failed", 502, "The provider's answer could not be read.", ServerType);
    public static readonly ApiError UpstreamTimeout = new("upstream_timeout", 504, "The provider did not answer in time.", ServerType);
    public static readonly ApiError Internal = new("internal_error", 500, "Something went wrong here. The correlation id finds it in the logs.", ServerType);

    /// <summary>Every row, for the reference and its tests.</summary>
    public static IReadOnlyList<ApiError> All { get; } =
    [
        InvalidApiKey, Unauthorized, Forbidden, ScopeNotAllowed, ModelNotAllowed, AddressNotAllowed, TagPinned, TokenNotFound,
        BodyMalformed, BodyTooLarge, HeaderInvalid, ParameterInvalid, AmountInvalid, TeamNotFound, ProjectNotFound, KeyNotFound, OperationNotFound,
        PriceNotFound, PriceListInvalid, FileInvalid, InvoiceNotFound, InvoiceFinal, CreditTooLarge, WebhookInvalid, WebhookNotFound, NotFound, MethodNotAllowed, ModelNotFound, ModelNotPriced,
        TraceNotFound, SurfaceNotFound, SurfaceUnreadable, IncidentNotFound, IncidentClosed,
        TooManyItems, MediaTypeUnsupported, ItemInvalid, UsageMissing, RuntimeInvalid, RuntimeNotFound, RuntimeActive, RuntimeRetired, ActivityTooLate,
        IdReused, NameInvalid, AmountNotPositive, AmountTooLarge, CountTooLarge, OrgNotFound, BudgetInvalid, PeriodNotOver, AlreadyExpired, OccurredInFuture,
        PostingNotFound, PostingNotCorrectable, PostingReversed, FindingNotFound, FindingNotDecidable, DecisionNeeded, ApprovalRequired, AdjustmentsFrozen, ReasonNeeded, ProposalNotFound, ProposalDiffers, ProposalClosed, ProposalOwn, ProposalExpired, GrantNotFound, GrantNotExpired, HoldNotFound, HoldEnded, HoldNotExpired, ScopeChanged, ObjectNotFound, LineageMoved,
        InsufficientBalance, BudgetExhausted, RateLimited, OccupancyExceeded, TooManyAttempts, ServerBusy, ReadTooLong, TooManyOpenHolds, TooManySettings, TooManySteps, TooManyObjects,
        EnvelopeRefused, EnvelopeRevoked, EnvelopeRequired, EnvelopeExpired, IdentityRebind, EnvelopeInvalid, EnvelopeKeyNotFound, EnvelopeKeyState, EnvelopesOff,
        StoreUnavailable, CommandQuarantined, UpstreamUnreachable, UpstreamFailed, UpstreamTimeout, Internal,
    ];
}
