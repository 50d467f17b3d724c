namespace Tieout.Server.Telemetry;

/// <summary>The number of each kind of log line: the member <c>event</c> of a line. A number is given once and never again.</summary>
/// <remarks>A test finds a number that is used twice and a line without one of these.</remarks>
internal static class LogEvents
{
    public const int RequestFailed = 1001;

    public const int SurfaceNotCompared = 1401;
    public const int ComparisonFailed = 1402;
    public const int FindingNotKept = 1411;

    public const int ProviderUnreachable = 2002;
    public const int ProviderGaveNoAnswer = 2003;
    public const int UsageNotSettled = 2004;
    public const int ResponseNotRecorded = 2005;

    public const int SpoolLost = 2102;
    public const int SpoolRefused = 2103;
    public const int SpoolTookNothing = 2104;
    public const int SpoolDamaged = 2105;
    public const int SpoolReplayed = 2106;
    public const int SpoolLeft = 2107;

    public const int NoEnvelopeKey = 2201;
    public const int IdentityFinding = 2202;
    public const int IdentityFindingNotWritten = 2203;
    public const int HoldsExpired = 2211;
    public const int ToolCallsLeftOut = 2221;
    public const int ContextNotCut = 2231;

    public const int BatchResultsUnreadable = 2301;
    public const int BatchLineUnreadable = 2302;
    public const int BatchResultUnknown = 2303;
    public const int ResponseNotSettled = 2304;
    public const int BatchFoundAgain = 2311;
    public const int BatchNotRecorded = 2312;

    public const int ConfigurationLoaded = 2501;
    public const int ConfigurationRejected = 2502;
    public const int RuntimeNotCharged = 2511;

    public const int MessageNotQueued = 2601;
    public const int MessageNotDelivered = 2612;
    public const int DeliveryFailed = 2613;
    public const int AlertRaised = 2621;
    public const int AlertResolved = 2622;
    public const int SpikeNotJudged = 2631;
    public const int AlertRuleNotJudged = 2632;
    public const int SpikeIncidentNotDone = 2633;

    public const int FigureDrift = 2651;
    public const int FollowerStopped = 2652;

    public const int DailyJobDone = 2701;
    public const int DailyJobFailed = 2703;

    public const int TraceNotWarm = 2801;

    public const int LedgerNotWritable = 6200;
    public const int LedgerStillNotWritable = 6201;
    public const int LedgerWritable = 6202;
    public const int CommandsQuarantined = 6203;
    public const int WorkerFailed = 6204;
    public const int MonthsDetached = 6205;
    public const int MonthsNotDetached = 6206;

    public const int RefusedCallNotRecorded = 6400;

    public const int ConnectionsLowered = 6600;

    public const int CertificateLoaded = 6701;
    public const int CertificateRejected = 6702;
    public const int CertificateExpires = 6703;
    public const int PlainHttp = 6710;
    public const int StoreUnencrypted = 6711;
    public const int FileModeReduced = 6712;
    public const int SecretReplaced = 6720;
    public const int SecretRejected = 6721;
    public const int HeadNotWritten = 6730;
    public const int HeadWritten = 6731;

    public const int StoreAway = 6800;
    public const int StoreStillAway = 6801;
    public const int StoreBack = 6802;

    public const int RequestRefused = 6900;
    public const int RefusedLinesLeftOut = 6901;
    public const int SpoolNotReplayed = 6950;
}
