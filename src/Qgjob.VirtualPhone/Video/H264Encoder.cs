using static Qgjob.Phones.Video.YuvPicture;

namespace Qgjob.Phones.Video;

/// <summary>
/// A lossless H.264 encoder for drawn screens (ITU-T H.264, baseline profile). A macroblock is either as it was, or what
/// its neighbours predict (flat areas), or its samples as they are (I_PCM). There is no transform and no motion.
/// </summary>
internal sealed class H264Encoder
{
    private const byte Sps = 0x67, Pps = 0x68, KeySlice = 0x65, Slice = 0x41;
    private const int PcmSize = 16; // For its neighbours, a macroblock of samples counts as one with 16 coefficients.
    private YuvPicture? last;
    private int frameNumber;
    private int keyNumber;

    /// <summary>One picture as an access unit in a byte stream (annex B); a key frame comes with its parameter sets.</summary>
    public byte[] Encode(YuvPicture picture)
    {
        var stream = new List<byte>();
        var key = last is null || frameNumber == 255;
        if (key)
        {
            WriteParameters(picture, stream);
            (last, frameNumber) = (null, 0);
        }

        var bits = new BitWriter();
        bits.Unsigned(0); // first_mb_in_slice
        bits.Unsigned(key ? 7 : 5); // slice_type: all I, or all P
        bits.Unsigned(0); // pic_parameter_set_id
        bits.Bits((uint)frameNumber, 8);
        if (key)
        {
            bits.Unsigned(keyNumber++ & 1); // idr_pic_id
            bits.Bits(0, 2); // no_output_of_prior_pics_flag, long_term_reference_flag
        }
        else
        {
            bits.Bits(0, 3); // num_ref_idx_active_override, ref_pic_list_modification, adaptive_ref_pic_marking
        }

        bits.SignedZero(); // slice_qp_delta
        bits.Unsigned(1); // disable_deblocking_filter_idc: what is decoded is exactly what was drawn
        WriteMacroblocks(picture, bits);
        bits.AppendNal(key ? KeySlice : Slice, stream);
        last = picture;
        frameNumber++;
        return [.. stream];
    }

    private void WriteMacroblocks(YuvPicture picture, BitWriter bits)
    {
        var coefficients = new int[picture.Columns * picture.Rows];
        var skipped = 0;
        for (var row = 0; row < picture.Rows; row++)
        {
            for (var column = 0; column < picture.Columns; column++)
            {
                if (last is not null && picture.SameAt(last, column, row))
                {
                    skipped++;
                    continue;
                }

                if (last is not null)
                    bits.Unsigned(skipped); // mb_skip_run
                skipped = 0;
                var first = last is null ? 0 : 5; // mb_type: a P slice counts its own types first
                var luma = Prediction.Luma(picture, column, row);
                var chroma = luma is null ? null : Prediction.Chroma(picture, column, row);
                if (luma is { } mode && chroma is { } chromaMode)
                {
                    bits.Unsigned(first + 1 + mode); // I_16x16 without coefficients
                    bits.Unsigned(chromaMode);
                    bits.SignedZero(); // mb_qp_delta
                    WriteNoCoefficients(bits, coefficients, picture.Columns, column, row);
                    continue;
                }

                bits.Unsigned(first + 25); // I_PCM
                bits.AlignZero();
                WriteSamples(picture, column, row, bits);
                coefficients[(row * picture.Columns) + column] = PcmSize;
            }
        }

        if (skipped > 0)
            bits.Unsigned(skipped);
    }

    /// <summary>coeff_token for none; its code depends on how many the neighbours have (9.2.1).</summary>
    private static void WriteNoCoefficients(BitWriter bits, int[] coefficients, int columns, int column, int row)
    {
        int? left = column > 0 ? coefficients[(row * columns) + column - 1] : null;
        int? above = row > 0 ? coefficients[((row - 1) * columns) + column] : null;
        var expected = left + above + 1 is { } both ? both >> 1 : left ?? above ?? 0;
        if (expected < 2)
            bits.Bits(1, 1);
        else
            bits.Bits(3, 6); // 8 or 16: there is nothing in between
    }

    private static void WriteSamples(YuvPicture picture, int column, int row, BitWriter bits)
    {
        for (var line = 0; line < Block; line++)
            bits.Bytes(picture.Y.AsSpan((((row * Block) + line) * picture.Stride) + (column * Block), Block));
        foreach (var plane in (byte[][])[picture.U, picture.V])
        {
            for (var line = 0; line < HalfBlock; line++)
                bits.Bytes(plane.AsSpan((((row * HalfBlock) + line) * picture.HalfStride) + (column * HalfBlock), HalfBlock));
        }
    }

    private static void WriteParameters(YuvPicture picture, List<byte> stream)
    {
        var sps = new BitWriter();
        sps.Bits(66, 8); // profile_idc: baseline
        sps.Bits(0xc0, 8); // constrained
        sps.Bits(31, 8); // level_idc 3.1: up to 3600 macroblocks
        sps.Unsigned(0); // seq_parameter_set_id
        sps.Unsigned(4); // log2_max_frame_num_minus4: 8 bits
        sps.Unsigned(2); // pic_order_cnt_type: shown in the order of decoding
        sps.Unsigned(1); // max_num_ref_frames
        sps.Bits(0, 1); // gaps_in_frame_num_value_allowed_flag
        sps.Unsigned(picture.Columns - 1);
        sps.Unsigned(picture.Rows - 1);
        sps.Bits(3, 2); // frame_mbs_only_flag, direct_8x8_inference_flag
        sps.Bits(1, 1); // frame_cropping_flag
        sps.Unsigned(0);
        sps.Unsigned(((picture.Columns * Block) - picture.Width) / 2);
        sps.Unsigned(0);
        sps.Unsigned(((picture.Rows * Block) - picture.Height) / 2);
        sps.Bits(0, 1); // vui_parameters_present_flag
        sps.AppendNal(Sps, stream);

        var pps = new BitWriter();
        pps.Unsigned(0); // pic_parameter_set_id
        pps.Unsigned(0); // seq_parameter_set_id
        pps.Bits(0, 2); // entropy_coding_mode_flag: CAVLC; bottom_field_pic_order
        pps.Unsigned(0); // num_slice_groups_minus1
        pps.Unsigned(0); // num_ref_idx_l0_default_active_minus1
        pps.Unsigned(0); // num_ref_idx_l1_default_active_minus1
        pps.Bits(0, 3); // weighted_pred_flag, weighted_bipred_idc
        pps.SignedZero(); // pic_init_qp_minus26
        pps.SignedZero(); // pic_init_qs_minus26
        pps.SignedZero(); // chroma_qp_index_offset
        pps.Bits(4, 3); // deblocking_filter_control_present_flag, constrained_intra_pred_flag, redundant_pic_cnt_present_flag
        pps.AppendNal(Pps, stream);
    }
}
