using System.Buffers;

namespace Tieout.Server.Gateway;

/// <summary>Finds the objects of a JSON array while the array arrives. Remembers where it stopped, so that each byte is looked at once.</summary>
internal struct ArrayElements
{
    private static readonly SearchValues<byte> InText = SearchValues.Create("\\\""u8);
    private static readonly SearchValues<byte> Outside = SearchValues.Create("\"{}[]"u8);

    private int _at, _start, _depth;
    private bool _inText, _inObject;

    /// <param name="bytes">The same bytes as at the last call that found nothing, and what has arrived since.</param>
    /// <param name="start">Where the object begins.</param>
    /// <param name="end">Just behind the object. The next search begins behind it, with bytes that begin there.</param>
    /// <returns>False: no object has arrived whole.</returns>
    public bool TryFind(ReadOnlySpan<byte> bytes, out int start, out int end)
    {
        (start, end) = (0, 0);
        if (!_inObject && !TryBegin(bytes)) return false;
        while (_at < bytes.Length)
        {
            var next = bytes[_at..].IndexOfAny(_inText ? InText : Outside);
            if (next < 0)
            {
                _at = bytes.Length;
                return false;
            }

            var sign = bytes[_at + next];
            if (sign == (byte)'\\')
            {
                // The escaped byte arrives later: stop in front of the backslash.
                if (_at + next + 1 == bytes.Length)
                {
                    _at += next;
                    return false;
                }

                _at += next + 2;
                continue;
            }

            _at += next + 1;
            if (!IsEnd(sign)) continue;
            (start, end) = (_start, _at);
            this = default;
            return true;
        }

        return false;
    }

    private bool TryBegin(ReadOnlySpan<byte> bytes)
    {
        var begin = bytes[_at..].IndexOf((byte)'{');
        if (begin < 0)
        {
            _at = bytes.Length;
            return false;
        }

        _at = _start = _at + begin;
        _inObject = true;
        return true;
    }

    private bool IsEnd(byte sign)
    {
        switch (sign)
        {
            case (byte)'"':
                _inText = !_inText;
                return false;
            case (byte)'{' or (byte)'[':
                _depth++;
                return false;
            default:
                return --_depth == 0;
        }
    }
}
