namespace Tieout.Storage;

/// <summary>The world failed, not the caller and not us: a full disk, an I/O error, a store that is busy or gone.</summary>
/// <remarks>Always safe to try again: a command's id makes it one command, whether or not it took effect.</remarks>
public class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message, StoreEffect effect, StoreFault fault = StoreFault.InputOutput, Exception? inner = null)
        : base(message, inner)
    {
        Effect = effect;
        Fault = fault;
    }

    /// <summary>Whether what was asked may have happened all the same.</summary>
    public StoreEffect Effect { get; }

    public StoreFault Fault { get; }
}

/// <summary>What is known of a write that failed.</summary>
public enum StoreEffect
{
    /// <summary>Nothing was written, and nothing of it will appear later.</summary>
    None = 1,

    /// <summary>It may or may not be there after a restart. Asking again with the same id finds out.</summary>
    Unknown,
}

/// <summary>What the world did to us.</summary>
public enum StoreFault
{
    /// <summary>Another process or connection holds the store.</summary>
    Busy = 1,

    /// <summary>No space is left, or the file may not grow further.</summary>
    Full,

    /// <summary>The operating system refused a read, a write or a sync.</summary>
    InputOutput,

    /// <summary>The file cannot be opened, or only for reading.</summary>
    NotWritable,

    /// <summary>The ledger is closing.</summary>
    Stopped,

    /// <summary>The store can be read but not written until someone repairs it; the message names what is wrong.</summary>
    ReadOnly,
}

/// <summary>Bytes on disk are not what was written there. Restore a backup; <c>tieout verify</c> names what is damaged.</summary>
public sealed class StoreCorruptException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The store itself is damaged, not one row of it: nothing may be written there.</summary>
    public bool IsFile { get; init; }
}

/// <summary>Another process has this data folder open. One folder, one writer.</summary>
/// <param name="folder">The data folder, as it was asked for.</param>
/// <param name="holder">Who holds it and since when, as that process wrote it down; empty if it did not.</param>
public sealed class DataFolderInUseException(string folder, string holder)
    : Exception($"The data folder {folder} is in use by another process{(holder.Length == 0 ? "" : $" ({holder})")}. Stop it first, or choose another folder.")
{
    public string Folder { get; } = folder;
    public string Holder { get; } = holder;
}
